// Who may do what with the data. Every right is given on one container or one queue, never on the account.

@description('The data account.')
param dataAccountName string

@description('Application Insights that telemetry is written to.')
param applicationInsightsName string

@description('Identity of the serving app.')
param servingPrincipalId string

@description('Identity of the training app; the same as serving with one app.')
param trainingPrincipalId string

@description('One app does everything: serving\'s narrower rights would repeat training\'s.')
param singleApp bool

@description('Person or group who looks after the system; empty: none.')
param operatorPrincipalId string

@description('Kind of that principal.')
param operatorPrincipalType string

var blobContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var blobReader = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
var queueContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
var queueSender = 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'
var metricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'

var servingWrites = [
  'raw'
  'control'
  'log'
]
var trainingWrites = [
  'raw'
  'control'
  'log'
  'models'
  'lake'
]
var trainingQueues = [
  'train'
  'train-poison'
]

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: dataAccountName
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' existing = {
  parent: account
  name: 'default'
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2025-01-01' existing = {
  parent: account
  name: 'default'
}

resource models 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = {
  parent: blobs
  name: 'models'
}

resource writtenByServing 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = [for name in servingWrites: {
  parent: blobs
  name: name
}]

resource writtenByTraining 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = [for name in trainingWrites: {
  parent: blobs
  name: name
}]

resource trainQueue 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' existing = {
  parent: queues
  name: 'train'
}

resource workedOnByTraining 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' existing = [for name in trainingQueues: {
  parent: queues
  name: name
}]

resource applicationInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: applicationInsightsName
}

resource servingWritesContainer 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (name, index) in servingWrites: if (!singleApp) {
  name: guid(account.id, name, servingPrincipalId, blobContributor)
  scope: writtenByServing[index]
  properties: {
    principalId: servingPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobContributor)
  }
}]

resource servingReadsModels 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!singleApp) {
  name: guid(account.id, 'models', servingPrincipalId, blobReader)
  scope: models
  properties: {
    principalId: servingPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobReader)
  }
}

resource servingAsksForRuns 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!singleApp) {
  name: guid(account.id, 'train', servingPrincipalId, queueSender)
  scope: trainQueue
  properties: {
    principalId: servingPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', queueSender)
  }
}

resource servingPublishesMetrics 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!singleApp) {
  name: guid(applicationInsights.id, servingPrincipalId, metricsPublisher)
  scope: applicationInsights
  properties: {
    principalId: servingPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsPublisher)
  }
}

resource trainingWritesContainer 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (name, index) in trainingWrites: {
  name: guid(account.id, name, trainingPrincipalId, blobContributor)
  scope: writtenByTraining[index]
  properties: {
    principalId: trainingPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobContributor)
  }
}]

// The runtime takes messages, renews their lease, moves the hopeless to the poison queue, and the monitor sends new ones:
// Contributor is the one role that covers all four.
resource trainingWorksOnQueue 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (name, index) in trainingQueues: {
  name: guid(account.id, name, trainingPrincipalId, queueContributor)
  scope: workedOnByTraining[index]
  properties: {
    principalId: trainingPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', queueContributor)
  }
}]

resource trainingPublishesMetrics 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(applicationInsights.id, trainingPrincipalId, metricsPublisher)
  scope: applicationInsights
  properties: {
    principalId: trainingPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsPublisher)
  }
}

resource operatorKeepsBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorPrincipalId)) {
  name: guid(account.id, operatorPrincipalId, blobContributor)
  scope: account
  properties: {
    principalId: operatorPrincipalId
    principalType: operatorPrincipalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobContributor)
  }
}

resource operatorKeepsQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorPrincipalId)) {
  name: guid(account.id, operatorPrincipalId, queueContributor)
  scope: account
  properties: {
    principalId: operatorPrincipalId
    principalType: operatorPrincipalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', queueContributor)
  }
}
