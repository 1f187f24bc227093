// Apollo Client over HTTP: a query with variables, a refusal with its code, a persisted document by GET.
import { createHash } from 'node:crypto'
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { print } from 'graphql'

const { HUB, TOKEN } = process.env
const methods = []
const http = new HttpLink({
  uri: `${HUB}/graphql`,
  headers: { authorization: `Bearer ${TOKEN}` },
  fetch: (address, options) => {
    methods.push(options.method)
    return fetch(address, options)
  },
})
const sha256 = (text) => createHash('sha256').update(text).digest('hex')
const persisted = new PersistedQueryLink({ sha256, useGETForHashedQueries: true })
const clientOf = (link) => new ApolloClient({ link, cache: new InMemoryCache() })

const STATIONS = gql`
  query Stations($n: Int!) { riverStation(limit: $n, orderBy: [{ stationCode: ASC }]) { stationCode stationName } }`
const WRONG = gql`query Wrong($n: Int!) { riverStation(limit: $n) { stationCode } }`
const REGISTER = gql`mutation Register($text: String!) { registerDocument(text: $text) { id } }`

const client = clientOf(http)
const { data } = await client.query({ query: STATIONS, variables: { n: 2 } })
const refused = await client.query({ query: WRONG, variables: { n: 5000 } }).then(
  () => null,
  (error) => (CombinedGraphQLErrors.is(error) ? error.errors[0].extensions.code : String(error)),
)

const text = print(new InMemoryCache().transformDocument(STATIONS))
const { data: registered } = await client.mutate({ mutation: REGISTER, variables: { text } })
methods.length = 0
const again = await clientOf(ApolloLink.from([persisted, http])).query({
  query: STATIONS,
  variables: { n: 2 },
})
console.log(
  JSON.stringify({
    stations: data.riverStation.map((row) => row.stationName),
    refused,
    id: registered.registerDocument.id,
    persisted: again.data.riverStation.map((row) => row.stationName),
    methods,
  }),
)
