// Entra in front of the serving app: pages redirect to a sign-in, API calls need a token for this registration.

@description('The serving app.')
param appName string

@description('Client id of the app registration.')
param clientId string

resource app 'Microsoft.Web/sites@2024-11-01' existing = {
  name: appName
}

resource signIn 'Microsoft.Web/sites/config@2024-11-01' = {
  // checkov:skip=CKV_AZURE_13: not a site: authsettingsV2 has no such property
  // checkov:skip=CKV_AZURE_63: not a site: authsettingsV2 has no such property
  // checkov:skip=CKV_AZURE_65: not a site: authsettingsV2 has no such property
  // checkov:skip=CKV_AZURE_66: not a site: authsettingsV2 has no such property
  // checkov:skip=CKV_AZURE_80: not a site: authsettingsV2 has no such property
  // checkov:skip=CKV_AZURE_88: not a site: authsettingsV2 has no such property
  // checkov:skip=CKV_AZURE_222: not a site: authsettingsV2 has no such property
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'RedirectToLoginPage'
      redirectToProvider: 'azureactivedirectory'
      excludedPaths: [
        '/health'
        '/health/live'
        '/health/ready'
        '/ping'
        '/v2/health/live'
        '/v2/health/ready'
      ]
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: clientId
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: {
          allowedAudiences: [
            clientId
            'api://${clientId}'
          ]
        }
      }
    }
    login: {
      tokenStore: {
        enabled: false
      }
    }
    httpSettings: {
      requireHttps: true
    }
  }
}
