// Searches that take longer than a function may: the same code as a Container Apps job, one execution a message.
// It is handed the train queue whole; the function that works on it is switched off (docs/deploy.md, "Long training").

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('What makes names unique.')
param token string

@description('The image, built from Dockerfile.')
param image string

@description('Registry in this group that holds it; empty: the image is public.')
param registryName string

@description('Identity of training.')
param identityName string

@description('Client id of that identity.')
param identityClientId string

@description('Principal id of that identity.')
param identityPrincipalId string

@description('The data account.')
param dataAccountName string

@description('Queue of train requests.')
param trainQueue string

@description('Log Analytics workspace.')
param workspaceId string

@description('Subnet of the environment; empty: none.')
param subnetId string

@description('Longest run in seconds.')
param longestRunS int = 86400

@description('App settings that differ from the defaults.')
param settings object

var acrPull = '7f951dda-4ed3-4680-a7ca-43fe172d538d'
var ownSettings = {
  AZURE_CLIENT_ID: identityClientId
  EVERGREEN_STORAGE__clientId: identityClientId
  EVERGREEN_STORAGE__blobServiceUri: 'https://${dataAccountName}.blob.${environment().suffixes.storage}'
  EVERGREEN_STORAGE__queueServiceUri: 'https://${dataAccountName}.queue.${environment().suffixes.storage}'
  EVERGREEN_ROLE: 'train'
  EVERGREEN_TRAIN_QUEUE: trainQueue
  EVERGREEN_TRAIN_TIMEOUT_S: string(longestRunS - 600)
}
var allSettings = union(ownSettings, settings)
var registries = [
  {
    server: '${registryName}.azurecr.io'
    identity: identity.id
  }
]
var privately = {
  infrastructureSubnetId: subnetId
  internal: true
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' existing = if (!empty(registryName)) {
  name: registryName
}

resource pulls 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(registryName)) {
  name: guid(resourceGroup().id, registryName, identityName, acrPull)
  scope: registry
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', acrPull)
  }
}

resource home 'Microsoft.App/managedEnvironments@2025-01-01' = {
  name: 'cae-${token}'
  location: location
  tags: tags
  properties: {
    appLogsConfiguration: {
      destination: 'azure-monitor'
    }
    vnetConfiguration: empty(subnetId) ? null : privately
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
    ]
  }
}

resource job 'Microsoft.App/jobs@2025-01-01' = {
  name: 'caj-train-${token}'
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    environmentId: home.id
    workloadProfileName: 'Consumption'
    configuration: {
      triggerType: 'Event'
      replicaTimeout: longestRunS
      replicaRetryLimit: 0
      registries: empty(registryName) ? [] : registries
      eventTriggerConfig: {
        parallelism: 1
        replicaCompletionCount: 1
        scale: {
          minExecutions: 0
          maxExecutions: 4
          pollingInterval: 60
          rules: [
            {
              name: 'train-requests'
              type: 'azure-queue'
              identity: identity.id
              metadata: {
                accountName: dataAccountName
                queueName: trainQueue
                queueLength: '1'
              }
            }
          ]
        }
      }
    }
    template: {
      containers: [
        {
          name: 'train'
          image: image
          command: [
            'python'
            '-m'
            'infra.job'
          ]
          env: [for setting in items(allSettings): {
            name: setting.key
            value: setting.value
          }]
          resources: {
            cpu: json('4')
            memory: '8Gi'
          }
        }
      ]
    }
  }
  dependsOn: [
    pulls
  ]
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: home
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
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

output jobName string = job.name
