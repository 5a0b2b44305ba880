// Who the apps are. Each has an identity of its own, so that serving can never do what only training may.

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('What makes names unique.')
param token string

@description('There is one app only, and so one identity.')
param singleApp bool

resource serving 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-serve-${token}'
  location: location
  tags: tags
}

resource training 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = if (!singleApp) {
  name: 'id-train-${token}'
  location: location
  tags: tags
}

output servingName string = serving.name
output servingPrincipalId string = serving.properties.principalId
output servingClientId string = serving.properties.clientId
output trainingName string = singleApp ? serving.name : training.name
output trainingPrincipalId string = singleApp ? serving.properties.principalId : training.properties.principalId
output trainingClientId string = singleApp ? serving.properties.clientId : training.properties.clientId
