// Private endpoints and their names: storage of data and hosts, and the serving app where it is closed to the internet.

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('The virtual network.')
param networkName string

@description('The data account.')
param dataAccountName string

@description('Host storage of the serving app.')
param servingHostAccountName string

@description('Host storage of the training app; empty with one app.')
param trainingHostAccountName string

@description('The serving app, where only the network may reach it; empty: it has its public address.')
param servingAppName string

var storageServices = [
  'blob'
  'queue'
  'table'
]
var dataServices = [
  'blob'
  'queue'
]
var sitesZone = 'privatelink.azurewebsites.net'

resource network 'Microsoft.Network/virtualNetworks@2024-07-01' existing = {
  name: networkName
}

resource subnet 'Microsoft.Network/virtualNetworks/subnets@2024-07-01' existing = {
  parent: network
  name: 'endpoints'
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [for service in storageServices: {
  name: 'privatelink.${service}.${environment().suffixes.storage}'
  location: 'global'
  tags: tags
}]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [for (service, index) in storageServices: {
  parent: zones[index]
  name: 'to-network'
  location: 'global'
  tags: tags
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: network.id
    }
  }
}]

resource toData 'Microsoft.Network/privateEndpoints@2024-07-01' = [for service in dataServices: {
  name: 'pe-${dataAccountName}-${service}'
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnet.id
    }
    privateLinkServiceConnections: [
      {
        name: service
        properties: {
          privateLinkServiceId: resourceId('Microsoft.Storage/storageAccounts', dataAccountName)
          groupIds: [
            service
          ]
        }
      }
    ]
  }
}]

resource dataNames 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = [for (service, index) in dataServices: {
  parent: toData[index]
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: service
        properties: {
          privateDnsZoneId: zones[index].id
        }
      }
    ]
  }
}]

resource toServingHost 'Microsoft.Network/privateEndpoints@2024-07-01' = [for service in storageServices: {
  name: 'pe-${servingHostAccountName}-${service}'
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnet.id
    }
    privateLinkServiceConnections: [
      {
        name: service
        properties: {
          privateLinkServiceId: resourceId('Microsoft.Storage/storageAccounts', servingHostAccountName)
          groupIds: [
            service
          ]
        }
      }
    ]
  }
}]

resource servingHostNames 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = [for (service, index) in storageServices: {
  parent: toServingHost[index]
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: service
        properties: {
          privateDnsZoneId: zones[index].id
        }
      }
    ]
  }
}]

resource toTrainingHost 'Microsoft.Network/privateEndpoints@2024-07-01' = [for service in storageServices: if (!empty(trainingHostAccountName)) {
  name: 'pe-${trainingHostAccountName}-${service}'
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnet.id
    }
    privateLinkServiceConnections: [
      {
        name: service
        properties: {
          privateLinkServiceId: resourceId('Microsoft.Storage/storageAccounts', trainingHostAccountName)
          groupIds: [
            service
          ]
        }
      }
    ]
  }
}]

resource trainingHostNames 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = [for (service, index) in storageServices: if (!empty(trainingHostAccountName)) {
  parent: toTrainingHost[index]
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: service
        properties: {
          privateDnsZoneId: zones[index].id
        }
      }
    ]
  }
}]

resource sites 'Microsoft.Network/privateDnsZones@2024-06-01' = if (!empty(servingAppName)) {
  name: sitesZone
  location: 'global'
  tags: tags
}

resource sitesLink 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = if (!empty(servingAppName)) {
  parent: sites
  name: 'to-network'
  location: 'global'
  tags: tags
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: network.id
    }
  }
}

resource toServing 'Microsoft.Network/privateEndpoints@2024-07-01' = if (!empty(servingAppName)) {
  name: 'pe-${servingAppName}'
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnet.id
    }
    privateLinkServiceConnections: [
      {
        name: 'sites'
        properties: {
          privateLinkServiceId: resourceId('Microsoft.Web/sites', servingAppName)
          groupIds: [
            'sites'
          ]
        }
      }
    ]
  }
}

resource servingNames 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = if (!empty(servingAppName)) {
  parent: toServing
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: 'sites'
        properties: {
          privateDnsZoneId: sites.id
        }
      }
    ]
  }
}
