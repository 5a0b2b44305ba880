// A monthly budget that writes when 80 % is spent and when the forecast passes all of it. It stops nothing.

@description('What makes names unique.')
param token string

@description('Amount a month, in the currency of the subscription.')
param amount int

@description('First day of a month; cannot change once the budget exists.')
param start string

@description('E-mail to write to; empty: the action group alone.')
param email string

@description('Action group to tell.')
param actionGroupId string

var emails = empty(email) ? [] : [
  email
]

resource budget 'Microsoft.Consumption/budgets@2024-08-01' = {
  name: 'budget-${token}'
  properties: {
    category: 'Cost'
    amount: amount
    timeGrain: 'Monthly'
    timePeriod: {
      startDate: start
    }
    notifications: {
      mostIsSpent: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 80
        thresholdType: 'Actual'
        contactEmails: emails
        contactGroups: [
          actionGroupId
        ]
      }
      allWillBeSpent: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: emails
        contactGroups: [
          actionGroupId
        ]
      }
    }
  }
}
