// One function app on its own Flex Consumption plan. Serving and training differ only in what is passed in.

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the app.')
param appName string

@description('Service of azure.yaml that is deployed here.')
param serviceName string

@description('EVERGREEN_ROLE: what the app does.')
@allowed([
  'serve'
  'train'
  'all'
])
param role string

@description('User-assigned identity the app is.')
param identityName string

@description('Client id of that identity.')
param identityClientId string

@description('The app\'s own storage account: package, keys, timers.')
param hostAccountName string

@description('The account with the data.')
param dataAccountName string

@description('Queue of train requests.')
param trainQueue string

@description('When the monitor looks (NCRONTAB with seconds).')
param monitorSchedule string

@description('Connection string of Application Insights: an address, no secret, since it takes identities only.')
param applicationInsightsConnection string

@description('Log Analytics workspace for diagnostics.')
param workspaceId string

@description('Python version.')
param pythonVersion string

@description('Memory of an instance in MB.')
param memoryMB int

@description('Most instances.')
param maximumInstances int

@description('HTTP requests one instance answers at once.')
param concurrency int

@description('Instances for HTTP that are kept warm.')
param alwaysReady int

@description('Whether the app answers the internet. Its deployment endpoint stays open to identities either way.')
param isPublic bool

@description('Subnet the app sends from; empty: none.')
param subnetId string

@description('Spread instances over availability zones.')
param zoneRedundant bool

@description('Whether people sign in with Entra (sign-in.bicep sets it up).')
param signsIn bool

@description('Origins whose pages may read answers.')
param corsOrigins array

@description('Leave the queue to the training job.')
param queueWorkDisabled bool

@description('App settings that differ from the defaults.')
param settings object

var hostEndings = {
  blob: 'https://${hostAccountName}.blob.${environment().suffixes.storage}'
  queue: 'https://${hostAccountName}.queue.${environment().suffixes.storage}'
  table: 'https://${hostAccountName}.table.${environment().suffixes.storage}'
}
var alwaysReadyGroups = [
  {
    name: 'http'
    instanceCount: alwaysReady
  }
]

// What the platform reads. FUNCTIONS_WORKER_RUNTIME, WEBSITE_RUN_FROM_PACKAGE and SCM_DO_BUILD_DURING_DEPLOYMENT are
// left out on purpose: Flex Consumption refuses or ignores them.
var platformSettings = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  AzureWebJobsStorage__blobServiceUri: hostEndings.blob
  AzureWebJobsStorage__queueServiceUri: hostEndings.queue
  AzureWebJobsStorage__tableServiceUri: hostEndings.table
  AzureWebJobsDisableHomepage: 'true'
  APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsightsConnection
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
}

// What the code reads: every setting of docs/settings.md that belongs in Azure, so that the portal shows them all.
var ownSettings = {
  EVERGREEN_STORAGE__credential: 'managedidentity'
  EVERGREEN_STORAGE__clientId: identityClientId
  EVERGREEN_STORAGE__blobServiceUri: 'https://${dataAccountName}.blob.${environment().suffixes.storage}'
  EVERGREEN_STORAGE__queueServiceUri: 'https://${dataAccountName}.queue.${environment().suffixes.storage}'
  EVERGREEN_ROLE: role
  EVERGREEN_TRAIN_QUEUE: trainQueue
  EVERGREEN_MONITOR_SCHEDULE: monitorSchedule
  EVERGREEN_DEFAULT_MODEL: ''
  EVERGREEN_LOG: 'durable'
  EVERGREEN_LOG_FLUSH_MS: '1000'
  EVERGREEN_LOG_QUEUE_BYTES: '67108864'
  EVERGREEN_CHAMPION_REFRESH_S: '5'
  EVERGREEN_MAX_BODY_BYTES: '16777216'
  EVERGREEN_MAX_BLOCK_BYTES: '33554432'
  EVERGREEN_MAX_ROWS: '10000'
  EVERGREEN_MAX_COLUMNS: '4096'
  EVERGREEN_MAX_TEXT_CHARS: '65536'
  EVERGREEN_MODEL_CACHE_BYTES: '805306368'
  EVERGREEN_MAX_MODEL_BYTES: '268435456'
  EVERGREEN_LOG_SAMPLE: '1'
  EVERGREEN_LAKE: 'on'
  EVERGREEN_LOG_KEEP_DAYS: '30'
  EVERGREEN_RUN_STALE_S: '60'
  EVERGREEN_RUN_ATTEMPTS: '3'
  EVERGREEN_TRAIN_TIMEOUT_S: '1500'
  EVERGREEN_WEBHOOK_URL: ''
  EVERGREEN_WEBHOOK_ORIGIN: ''
  EVERGREEN_WEBHOOK_HANDSHAKE: 'required'
  EVERGREEN_WEBHOOK_TIMEOUT_S: '5'
  EVERGREEN_WEBHOOK_TICK_S: '15'
  EVERGREEN_WEBHOOK_GIVE_UP_H: '24'
}
var handedOver = {
  'AzureWebJobs.work_on_queue.Disabled': string(queueWorkDisabled)
}

var allSettings = union(platformSettings, ownSettings, handedOver, settings)

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  // checkov:skip=CKV_AZURE_225: zoneRedundant is a parameter; the check cannot evaluate it
  // checkov:skip=CKV_AZURE_212: Flex Consumption has no worker count; instances follow the load
  name: 'plan-${appName}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  // checkov:skip=CKV_AZURE_222: serving answers the internet by design; privateServing and the default action close it
  // checkov:skip=CKV_AZURE_17: clients bring function keys or Entra tokens, not certificates
  // checkov:skip=CKV_AZURE_212: Flex Consumption has no worker count; instances follow the load
  name: appName
  location: location
  tags: union(tags, {
    'azd-service-name': serviceName
  })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      ftpsState: 'Disabled'
      healthCheckPath: '/health/live'
      cors: {
        allowedOrigins: corsOrigins
        supportCredentials: false
      }
      ipSecurityRestrictionsDefaultAction: isPublic ? 'Allow' : 'Deny'
      scmIpSecurityRestrictionsUseMain: false
      scmIpSecurityRestrictionsDefaultAction: 'Allow'
      appSettings: [for setting in items(allSettings): {
        name: setting.key
        value: setting.value
      }]
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostEndings.blob}/package'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: {
        name: 'python'
        version: pythonVersion
      }
      scaleAndConcurrency: {
        instanceMemoryMB: memoryMB
        maximumInstanceCount: maximumInstances
        alwaysReady: alwaysReady > 0 ? alwaysReadyGroups : []
        triggers: {
          http: {
            perInstanceConcurrency: concurrency
          }
        }
      }
    }
  }
}

// Publishing user and password are a way in beside Entra: both are closed.
resource noFtp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource noBasicScm 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: app
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'FunctionAppLogs'
        enabled: true
      }
      {
        category: 'AppServiceAuthenticationLogs'
        enabled: signsIn
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

resource planDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: plan
  properties: {
    workspaceId: workspaceId
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

output appId string = app.id
output url string = 'https://${app.properties.defaultHostName}'
