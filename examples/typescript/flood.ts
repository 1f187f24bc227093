// The flood application in TypeScript, with Apollo Client: a query, all pages of a connection, a live query.
// HUB, CLIENT_ID and CLIENT_SECRET come from the environment.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client'
import { SetContextLink } from '@apollo/client/link/context'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { OperationTypeNode } from 'graphql'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

const need = (name: string): string => {
  const value = process.env[name]
  if (!value) throw new Error(`set ${name}`)
  return value
}
const HUB = need('HUB')

interface Reading { observedAt: string; levelM: string | null }
interface Levels {
  riverStation: { stationName: string; nationalReadings: Reading[]; municipalReadings: Reading[] }[]
}
interface Forecasts {
  floodPeakForecastConnection: {
    edges: { node: { stationCode: string; issuedAt: string; peakLevelM: string | null } }[]
    pageInfo: { hasNextPage: boolean; endCursor: string | null }
  }
}
interface Live { riverRegimeMunicipal: (Reading & { stationCode: string })[] }

const LEVELS = gql`
  query Levels($stations: [String!]!) {
    riverStation(where: { stationCode: { in: $stations } }, orderBy: [{ stationCode: ASC }]) {
      stationName
      nationalReadings(orderBy: [{ observedAt: DESC }], limit: 1) { observedAt levelM }
      municipalReadings(orderBy: [{ observedAt: DESC }], limit: 1) { observedAt levelM }
    }
  }`
const FORECASTS = gql`
  query Forecasts($after: String) {
    floodPeakForecastConnection(first: 20, after: $after, orderBy: [{ issuedAt: DESC }]) {
      edges { node { stationCode issuedAt peakLevelM } }
      pageInfo { hasNextPage endCursor }
    }
  }`
const LIVE = gql`
  subscription Live {
    riverRegimeMunicipal(orderBy: [{ observedAt: DESC }], limit: 1) { stationCode observedAt levelM }
  }`

let held: { text: string; until: number } | undefined

/** An access token, fetched anew a minute before it ends. */
async function token(): Promise<string> {
  if (held && Date.now() < held.until) return held.text
  const credentials = Buffer.from(`${need('CLIENT_ID')}:${need('CLIENT_SECRET')}`).toString('base64')
  const reply = await fetch(`${HUB}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  if (!reply.ok) throw new Error(`no token: HTTP ${reply.status}`)
  const body = (await reply.json()) as { access_token: string; expires_in: number }
  held = { text: body.access_token, until: Date.now() + (body.expires_in - 60) * 1000 }
  return held.text
}

const socket = createClient({
  url: `${HUB.replace('http', 'ws')}/graphql`,
  webSocketImpl: WebSocket,
  connectionParams: async () => ({ Authorization: `Bearer ${await token()}` }),
})
const bearer = new SetContextLink(async ({ headers }) => ({
  headers: { ...headers, authorization: `Bearer ${await token()}` },
}))
const hub = new ApolloClient({
  cache: new InMemoryCache(),
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    ApolloLink.from([bearer, new HttpLink({ uri: `${HUB}/graphql` })]),
  ),
})

/** One question over the ministry's readings and the bureau's. */
async function newestLevels(): Promise<Levels['riverStation']> {
  const variables = { stations: ['CQ-BEIBEI3', 'CQ-CIQIKOU'] }
  const { data } = await hub.query<Levels>({ query: LEVELS, variables })
  return data?.riverStation ?? []
}

type Page = Forecasts['floodPeakForecastConnection']

async function forecasts(after: string | null): Promise<Page> {
  const { data } = await hub.query<Forecasts>({ query: FORECASTS, variables: { after } })
  if (!data) throw new Error('no page')
  return data.floodPeakForecastConnection
}

/** Page by page: a cursor is where the last page ended, whatever came since. */
async function everyForecast(): Promise<number> {
  let page = await forecasts(null)
  let rows = page.edges.length
  while (page.pageInfo.hasNextPage) {
    page = await forecasts(page.pageInfo.endCursor)
    rows += page.edges.length
  }
  return rows
}

/** The first comes at once; stay subscribed to be told of each change. */
function firstLiveAnswer(): Promise<Live> {
  return new Promise((resolve, reject) => {
    const live = hub.subscribe<Live>({ query: LIVE }).subscribe({
      next: ({ data }) => {
        if (!data) return
        resolve(data)
        setTimeout(() => live.unsubscribe(), 0)
      },
      error: reject,
    })
  })
}

const told = {
  levels: await newestLevels(),
  forecasts: await everyForecast(),
  live: await firstLiveAnswer(),
}
console.log(JSON.stringify(told))
await socket.dispose()
