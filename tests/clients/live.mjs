// graphql-ws, Apollo Client and urql over the websocket: each subscribes, takes the first answer and leaves.
import { ApolloClient, InMemoryCache, gql } from '@apollo/client'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { Client, fetchExchange, subscriptionExchange } from '@urql/core'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

const { HUB, TOKEN } = process.env
const LIVE = 'subscription ($n: Int!) { riverStation(limit: $n, orderBy: [{ stationCode: ASC }]) { stationCode } }'
const ASKED = { query: LIVE, variables: { n: 2 } }
const socketTo = (token) =>
  createClient({
    url: `${HUB.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: `Bearer ${token}` },
    retryAttempts: 0,
  })
const first = (subscribe) =>
  new Promise((resolve, reject) => {
    const leave = subscribe({
      next: (value) => {
        resolve(value)
        setTimeout(() => leave(), 0)
      },
      error: reject,
      complete: () => reject(new Error('completed without an answer')),
    })
  })
const codes = (data) => data.riverStation.map((row) => row.stationCode)

const reference = socketTo(TOKEN)
const byGraphqlWs = await first((sink) => reference.subscribe(ASKED, sink))
const query = await first((sink) => reference.subscribe({ query: '{ me { clientId } }' }, sink))
const refused = await first((sink) =>
  reference.subscribe({ query: 'subscription { riverStation(limit: 5000) { stationCode } }' }, sink),
).catch((errors) => ({ errors }))
const wrong = await first((sink) => reference.subscribe({ query: 'subscription { nothing }' }, sink)).then(
  (value) => value,
  (errors) => ({ errors }),
)
await reference.dispose()

const stranger = socketTo('nobody')
const closed = await first((sink) => stranger.subscribe(ASKED, sink)).then(
  () => null,
  (event) => event.code,
)

const apolloSocket = socketTo(TOKEN)
const apollo = new ApolloClient({ link: new GraphQLWsLink(apolloSocket), cache: new InMemoryCache() })
const byApollo = await first((sink) => {
  const under = apollo.subscribe({ query: gql(LIVE), variables: { n: 2 } }).subscribe(sink)
  return () => under.unsubscribe()
})
await apolloSocket.dispose()

const urqlSocket = socketTo(TOKEN)
const urql = new Client({
  url: `${HUB}/graphql`,
  preferGetMethod: false,
  exchanges: [
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: (asked) => ({
        subscribe: (sink) => ({ unsubscribe: urqlSocket.subscribe({ ...asked, query: asked.query ?? '' }, sink) }),
      }),
    }),
  ],
})
const byUrql = await new Promise((resolve) => {
  const { unsubscribe } = urql.subscription(LIVE, { n: 2 }).subscribe((result) => {
    resolve(result)
    setTimeout(() => unsubscribe(), 0)
  })
})
await urqlSocket.dispose()

const codeOf = (result) => result.errors[0].extensions.code
console.log(
  JSON.stringify({
    graphqlWs: codes(byGraphqlWs.data),
    me: query.data.me.clientId,
    refused: codeOf(refused),
    wrong: codeOf(Array.isArray(wrong) ? { errors: wrong } : wrong),
    closed,
    apollo: codes(byApollo.data),
    urql: codes(byUrql.data),
  }),
)
process.exit(0)
