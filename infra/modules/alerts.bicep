// The alerts that matter, all to one action group. Metric alerts where the platform has the number, queries where the
// app says it. An alert that fires is explained in docs/deploy.md under "When an alert fires".

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('What makes names unique.')
param token string

@description('E-mail that alerts write to; empty: the action group has no receiver yet.')
param email string

@description('Application Insights.')
param applicationInsightsId string

@description('Log Analytics workspace the queries run on.')
param workspaceId string

@description('The data account.')
param dataAccountId string

@description('The serving app, as telemetry names it.')
param servingAppName string

@description('Queue of train requests; its poison queue has the same name and `-poison`.')
param trainQueue string

@description('Slowest acceptable 95th percentile of a scoring request in milliseconds.')
param slowestP95Ms int

@description('Oldest acceptable champion in days.')
param oldestModelDays int

var receivers = [
  {
    name: 'operator'
    emailAddress: email
    useCommonAlertSchema: true
  }
]

var queries = [
  {
    name: 'server-errors'
    says: 'More than 5 requests in 15 minutes ended in a server error.'
    severity: 1
    every: 'PT15M'
    window: 'PT15M'
    threshold: 5
    query: 'AppRequests | where AppRoleName =~ "${servingAppName}" and toint(ResultCode) >= 500'
  }
  {
    name: 'slow-scores'
    says: 'The 95th percentile of scoring requests is beyond what was agreed.'
    severity: 2
    every: 'PT15M'
    window: 'PT30M'
    threshold: 0
    query: 'AppRequests | where AppRoleName =~ "${servingAppName}" and Name has "score" | summarize p95 = percentile(DurationMs, 95), n = count() | where n >= 20 and p95 > ${slowestP95Ms}'
  }
  {
    name: 'poison-message'
    says: 'A message failed until it was given up: a run, or a monitor pass, that nobody will try again.'
    severity: 1
    every: 'PT15M'
    window: 'PT15M'
    threshold: 0
    query: 'StorageQueueLogs | where OperationName == "PutMessage" and toint(StatusCode) < 300 and Uri has "/${trainQueue}-poison/"'
  }
  {
    name: 'champion-not-loaded'
    says: 'A champion could not be loaded; the app answers with the version it had, or not at all.'
    severity: 1
    every: 'PT15M'
    window: 'PT15M'
    threshold: 0
    query: 'AppTraces | where SeverityLevel >= 3 and Message startswith "Model "'
  }
  {
    name: 'monitor-failed'
    says: 'A monitor pass failed: a model is not watched.'
    severity: 2
    every: 'PT15M'
    window: 'PT1H'
    threshold: 1
    query: 'AppTraces | where SeverityLevel >= 3 and Message startswith "The monitor pass of model "'
  }
  {
    name: 'accuracy-alarm'
    says: 'The accuracy of a champion has fallen: the monitor raised its alarm. The events of the model have the numbers.'
    severity: 2
    every: 'PT15M'
    window: 'PT30M'
    threshold: 0
    query: 'union isfuzzy=true (AppTraces | where Message matches regex "^Decision on model .*: The accuracy of champion "), (AppMetrics | where Name == "evergreen.retrain.runs" and tostring(Properties.trigger) == "accuracy")'
  }
  {
    name: 'drift'
    says: 'A feature has drifted from its baseline: PSI above 0.25.'
    severity: 3
    every: 'PT1H'
    window: 'PT6H'
    threshold: 0
    query: 'AppMetrics | where Name == "evergreen.drift.psi" and Max > 0.25'
  }
  {
    name: 'stale-model'
    says: 'A champion is older than it should be: nothing has retrained it.'
    severity: 3
    every: 'P1D'
    window: 'P1D'
    threshold: 0
    query: 'AppMetrics | where Name == "evergreen.model.age" and Max > ${oldestModelDays * 86400}'
  }
  {
    name: 'records-lost'
    says: 'Predictions were answered and not logged: truth about them will not count.'
    severity: 2
    every: 'PT15M'
    window: 'PT30M'
    threshold: 0
    query: 'union isfuzzy=true (AppTraces | where SeverityLevel >= 2 and Message matches regex "^The .* log of model .* was not written"), (AppMetrics | where Name == "evergreen.log.dropped" and Sum > 0)'
  }
  {
    name: 'timer-silent'
    says: 'The monitor has not run for two hours: the timer is dead, or the training app does not start.'
    severity: 1
    every: 'PT30M'
    window: 'PT2H'
    threshold: 0
    query: 'AppRequests | where Name has "watch_models" | summarize n = count() | where n == 0'
  }
]

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${token}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'evergreen'
    emailReceivers: empty(email) ? [] : receivers
  }
}

resource slow 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'alert-latency-${token}'
  location: 'global'
  tags: tags
  properties: {
    description: 'Requests take long on average, whatever the route.'
    severity: 3
    enabled: true
    autoMitigate: true
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    scopes: [
      applicationInsightsId
    ]
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'duration'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'microsoft.insights/components'
          metricName: 'requests/duration'
          operator: 'GreaterThan'
          threshold: slowestP95Ms
          timeAggregation: 'Average'
        }
      ]
    }
    actions: [
      {
        actionGroupId: actionGroup.id
      }
    ]
  }
}

resource failed 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'alert-failed-${token}'
  location: 'global'
  tags: tags
  properties: {
    description: 'Many requests fail, refused ones included.'
    severity: 2
    enabled: true
    autoMitigate: true
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    scopes: [
      applicationInsightsId
    ]
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'failed'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'microsoft.insights/components'
          metricName: 'requests/failed'
          operator: 'GreaterThan'
          threshold: 50
          timeAggregation: 'Count'
        }
      ]
    }
    actions: [
      {
        actionGroupId: actionGroup.id
      }
    ]
  }
}

resource unavailable 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'alert-storage-${token}'
  location: 'global'
  tags: tags
  properties: {
    description: 'The data account answers fewer than 99 % of its requests.'
    severity: 1
    enabled: true
    autoMitigate: true
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    scopes: [
      dataAccountId
    ]
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'availability'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.Storage/storageAccounts'
          metricName: 'Availability'
          operator: 'LessThan'
          threshold: 99
          timeAggregation: 'Average'
        }
      ]
    }
    actions: [
      {
        actionGroupId: actionGroup.id
      }
    ]
  }
}

// A query over tables that telemetry makes only with its first record would be refused on a new workspace.
resource asked 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for each in queries: {
  name: 'alert-${each.name}-${token}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Evergreen: ${each.name}'
    description: each.says
    severity: each.severity
    enabled: true
    autoMitigate: false
    skipQueryValidation: true
    evaluationFrequency: each.every
    windowSize: each.window
    scopes: [
      workspaceId
    ]
    criteria: {
      allOf: [
        {
          query: each.query
          operator: 'GreaterThan'
          threshold: each.threshold
          timeAggregation: 'Count'
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: [
        actionGroup.id
      ]
    }
  }
}]

output actionGroupId string = actionGroup.id
