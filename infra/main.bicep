// Evergreen in one resource group: two function apps from one code base, one data account, everything watched.
// `azd up` deploys it; `az deployment group create --template-file infra/main.bicep` does too.
// Kept inside the part of Bicep that offline checkers read (docs/decisions/011-bicep-that-can-be-checked-offline.md).

targetScope = 'resourceGroup'

@description('Name of the environment; part of every tag and, hashed, of every name.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Azure region. It must offer Flex Consumption: `evergreen doctor --azure` says whether it does.')
param location string = resourceGroup().location

@description('One app does everything instead of two: cheaper to look after, but training can slow scoring, and the app that answers the internet may then write models.')
param singleApp bool = false

@description('Python of the apps. The requirements are locked for 3.11 to 3.13.')
@allowed([
  '3.11'
  '3.12'
  '3.13'
])
param pythonVersion string = '3.11'

@description('Memory of one serving instance in MB. Measured need of one model: 140 MiB.')
@allowed([
  512
  2048
  4096
])
param servingMemoryMB int = 2048

@description('Memory of one training instance in MB. It bounds the largest table a search can hold.')
@allowed([
  512
  2048
  4096
])
param trainingMemoryMB int = 4096

@description('Most serving instances; the ceiling of the bill.')
@minValue(40)
@maxValue(1000)
param servingMaximumInstances int = 40

@description('Most training instances; the platform takes no less than 40, one run is one message.')
@minValue(40)
@maxValue(1000)
param trainingMaximumInstances int = 40

@description('Requests one serving instance answers at once. The platform default for Python is 1, which starts an instance a request.')
@minValue(1)
@maxValue(1000)
param servingConcurrency int = 32

@description('Serving instances kept warm, without a cold start; billed around the clock. 0 costs nothing while idle.')
@minValue(0)
@maxValue(20)
param servingAlwaysReady int = 0

@description('When the monitor looks, as NCRONTAB with seconds. Every tick is billed, see docs/deploy.md.')
param monitorSchedule string = '0 */15 * * * *'

@description('Spread instances and data over availability zones, where the region has them.')
param zoneRedundant bool = false

@description('Put storage behind private endpoints and the apps into a virtual network. Eight endpoints are billed by the hour, used or not.')
param privateNetwork bool = false

@description('Close the public address of the serving app as well. Needs privateNetwork, and then only the network reaches it, the deployment included.')
param privateServing bool = false

@description('First two numbers of the virtual network\'s addresses; it takes their .0.0/22.')
param addressPrefix string = '10.47'

@description('Client id of an Entra app registration. Given, every page and route but the health ones asks for a sign-in or a token, besides the function key.')
param signInClientId string = ''

@description('Origins whose pages may read answers of the serving app, with commas between them, such as https://app.example.com. Empty: no page of another origin may.')
param corsOrigins string = ''

@description('E-mail that alerts and the budget write to. Empty: alerts exist but tell nobody.')
param alertEmail string = ''

@description('Monthly budget in the currency of the subscription; 0 makes none.')
@minValue(0)
param monthlyBudget int = 50

@description('First day of the month the budget counts from. It cannot change later: azd remembers the output of the first deployment. Empty: this month.')
param budgetStart string = ''

@description('This month; never passed in.')
param thisMonth string = utcNow('yyyy-MM-01')

@description('Slowest acceptable 95th percentile of a scoring request, in milliseconds; beyond it an alert fires.')
param slowestP95Ms int = 1000

@description('Oldest acceptable champion in days; an older one fires an alert.')
param oldestModelDays int = 30

@description('Days that logs and telemetry are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Most gigabytes of telemetry taken in a day; the rest is dropped.')
param logDailyCapGb int = 1

@description('Days after which uploads move to cool storage; logs are append blobs, which cannot.')
param coolAfterDays int = 30

@description('Days after which prediction and truth logs are deleted whether the lake has them or not; 0 leaves that to the monitor.')
@minValue(0)
param deleteLogsAfterDays int = 0

@description('Days a deleted or overwritten blob can be brought back.')
@minValue(1)
@maxValue(365)
param softDeleteDays int = 14

@description('Login server and name of the image for the training job, such as crx.azurecr.io/evergreen:1. Empty: no job, searches end within the app\'s time limit.')
param trainingJobImage string = ''

@description('Registry in this group that holds the image; the job\'s identity is given the right to pull from it.')
param trainingJobRegistry string = ''

@description('Object id of who deploys. Given, this principal may read and write the data, which doctor, backup and restore need.')
param operatorPrincipalId string = ''

@description('Kind of that principal.')
@allowed([
  'User'
  'Group'
  'ServicePrincipal'
])
param operatorPrincipalType string = 'User'

@description('App settings that differ from the defaults in docs/settings.md, such as { EVERGREEN_LOG: \'async\' }.')
param settings object = {}

var token = toLower(uniqueString(resourceGroup().id, environmentName, location))
var tags = {
  'azd-env-name': environmentName
  application: 'evergreen'
}
var budgetFrom = empty(budgetStart) ? thisMonth : budgetStart
var servingRole = singleApp ? 'all' : 'serve'
var servingIsPublic = !(privateNetwork && privateServing)

module identities 'modules/identities.bicep' = {
  name: 'identities'
  params: {
    location: location
    tags: tags
    token: token
    singleApp: singleApp
  }
}

module observability 'modules/observability.bicep' = {
  name: 'observability'
  params: {
    location: location
    tags: tags
    token: token
    retentionDays: logRetentionDays
    dailyCapGb: logDailyCapGb
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  params: {
    location: location
    tags: tags
    token: token
    addressPrefix: addressPrefix
    workspaceId: observability.outputs.workspaceId
  }
}

module data 'modules/data-account.bicep' = {
  name: 'data-account'
  params: {
    location: location
    tags: tags
    token: token
    zoneRedundant: zoneRedundant
    isPublic: !privateNetwork
    softDeleteDays: softDeleteDays
    coolAfterDays: coolAfterDays
    deleteLogsAfterDays: deleteLogsAfterDays
    workspaceId: observability.outputs.workspaceId
  }
}

module servingHost 'modules/host-account.bicep' = {
  name: 'serving-host-account'
  params: {
    location: location
    tags: tags
    accountName: 'stserve${token}'
    principalId: identities.outputs.servingPrincipalId
    zoneRedundant: zoneRedundant
    isPublic: !privateNetwork
    workspaceId: observability.outputs.workspaceId
  }
}

module trainingHost 'modules/host-account.bicep' = if (!singleApp) {
  name: 'training-host-account'
  params: {
    location: location
    tags: tags
    accountName: 'sttrain${token}'
    principalId: identities.outputs.trainingPrincipalId
    zoneRedundant: zoneRedundant
    isPublic: !privateNetwork
    workspaceId: observability.outputs.workspaceId
  }
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  params: {
    dataAccountName: data.outputs.accountName
    applicationInsightsName: observability.outputs.applicationInsightsName
    servingPrincipalId: identities.outputs.servingPrincipalId
    trainingPrincipalId: identities.outputs.trainingPrincipalId
    singleApp: singleApp
    operatorPrincipalId: operatorPrincipalId
    operatorPrincipalType: operatorPrincipalType
  }
}

// Where the network is private, Event Grid has no way into the queue: passes of the monitor find the files.
module droppedFiles 'modules/dropped-files.bicep' = if (!privateNetwork) {
  name: 'dropped-files'
  params: {
    location: location
    tags: tags
    token: token
    dataAccountName: data.outputs.accountName
    trainQueue: data.outputs.trainQueue
    workspaceId: observability.outputs.workspaceId
  }
}

module endpoints 'modules/endpoints.bicep' = if (privateNetwork) {
  name: 'endpoints'
  params: {
    location: location
    tags: tags
    networkName: 'vnet-${token}'
    dataAccountName: data.outputs.accountName
    servingHostAccountName: servingHost.outputs.accountName
    trainingHostAccountName: singleApp ? '' : 'sttrain${token}'
    servingAppName: servingIsPublic ? '' : 'func-serve-${token}'
  }
  dependsOn: [
    network
    trainingHost
    serving
  ]
}

module serving 'modules/function-app.bicep' = {
  name: 'serving-app'
  params: {
    location: location
    tags: tags
    appName: 'func-serve-${token}'
    serviceName: 'serving'
    role: servingRole
    identityName: identities.outputs.servingName
    identityClientId: identities.outputs.servingClientId
    hostAccountName: servingHost.outputs.accountName
    dataAccountName: data.outputs.accountName
    trainQueue: data.outputs.trainQueue
    monitorSchedule: monitorSchedule
    applicationInsightsConnection: observability.outputs.applicationInsightsConnection
    workspaceId: observability.outputs.workspaceId
    pythonVersion: pythonVersion
    memoryMB: singleApp ? trainingMemoryMB : servingMemoryMB
    maximumInstances: servingMaximumInstances
    concurrency: servingConcurrency
    alwaysReady: servingAlwaysReady
    isPublic: servingIsPublic
    subnetId: privateNetwork ? resourceId('Microsoft.Network/virtualNetworks/subnets', 'vnet-${token}', 'serving') : ''
    zoneRedundant: zoneRedundant
    signsIn: !empty(signInClientId)
    corsOrigins: empty(corsOrigins) ? [] : split(corsOrigins, ',')
    queueWorkDisabled: singleApp && !empty(trainingJobImage)
    settings: settings
  }
  dependsOn: [
    network
    roles
  ]
}

module training 'modules/function-app.bicep' = if (!singleApp) {
  name: 'training-app'
  params: {
    location: location
    tags: tags
    appName: 'func-train-${token}'
    serviceName: 'training'
    role: 'train'
    identityName: identities.outputs.trainingName
    identityClientId: identities.outputs.trainingClientId
    hostAccountName: 'sttrain${token}'
    dataAccountName: data.outputs.accountName
    trainQueue: data.outputs.trainQueue
    monitorSchedule: monitorSchedule
    applicationInsightsConnection: observability.outputs.applicationInsightsConnection
    workspaceId: observability.outputs.workspaceId
    pythonVersion: pythonVersion
    memoryMB: trainingMemoryMB
    maximumInstances: trainingMaximumInstances
    concurrency: 1
    alwaysReady: 0
    isPublic: false
    subnetId: privateNetwork ? resourceId('Microsoft.Network/virtualNetworks/subnets', 'vnet-${token}', 'training') : ''
    zoneRedundant: zoneRedundant
    signsIn: false
    corsOrigins: []
    queueWorkDisabled: !empty(trainingJobImage)
    settings: settings
  }
  dependsOn: [
    network
    roles
    trainingHost
  ]
}

module signIn 'modules/sign-in.bicep' = if (!empty(signInClientId)) {
  name: 'sign-in'
  params: {
    appName: 'func-serve-${token}'
    clientId: signInClientId
  }
  dependsOn: [
    serving
  ]
}

module trainingJob 'modules/training-job.bicep' = if (!empty(trainingJobImage)) {
  name: 'training-job'
  params: {
    location: location
    tags: tags
    token: token
    image: trainingJobImage
    registryName: trainingJobRegistry
    identityName: identities.outputs.trainingName
    identityClientId: identities.outputs.trainingClientId
    identityPrincipalId: identities.outputs.trainingPrincipalId
    dataAccountName: data.outputs.accountName
    trainQueue: data.outputs.trainQueue
    workspaceId: observability.outputs.workspaceId
    subnetId: privateNetwork ? resourceId('Microsoft.Network/virtualNetworks/subnets', 'vnet-${token}', 'jobs') : ''
    settings: settings
  }
  dependsOn: [
    network
    roles
  ]
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    location: location
    tags: tags
    token: token
    email: alertEmail
    applicationInsightsId: observability.outputs.applicationInsightsId
    workspaceId: observability.outputs.workspaceId
    dataAccountId: data.outputs.accountId
    servingAppName: 'func-serve-${token}'
    trainQueue: data.outputs.trainQueue
    slowestP95Ms: slowestP95Ms
    oldestModelDays: oldestModelDays
  }
}

module budget 'modules/budget.bicep' = if (monthlyBudget > 0) {
  name: 'budget'
  params: {
    token: token
    amount: monthlyBudget
    start: budgetFrom
    email: alertEmail
    actionGroupId: alerts.outputs.actionGroupId
  }
}

output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = resourceGroup().name
output SERVICE_SERVING_NAME string = 'func-serve-${token}'
output SERVICE_TRAINING_NAME string = singleApp ? 'func-serve-${token}' : 'func-train-${token}'
output EVERGREEN_URL string = serving.outputs.url
output EVERGREEN_DATA_ACCOUNT string = data.outputs.accountName
output EVERGREEN_SINGLE_APP bool = singleApp
output EVERGREEN_BUDGET_START string = budgetFrom
