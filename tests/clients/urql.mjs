// urql over HTTP: a query with variables, a fragment, a mutation, and a refusal with its code.
import { Client, cacheExchange, fetchExchange } from '@urql/core'

const { HUB, TOKEN } = process.env
const client = new Client({
  url: `${HUB}/graphql`,
  preferGetMethod: false,
  exchanges: [cacheExchange, fetchExchange],
  fetchOptions: { headers: { authorization: `Bearer ${TOKEN}` } },
})
const STATIONS = `
  query Stations($n: Int!) { riverStation(limit: $n, orderBy: [{ stationCode: ASC }]) { ...named } }
  fragment named on RiverStation { stationCode stationName }`

const read = await client.query(STATIONS, { n: 2 }).toPromise()
const refused = await client.query(STATIONS, { n: 5000 }).toPromise()
const unknown = await client.query('{ nothingOfThatName }', {}).toPromise()
const written = await client
  .mutation('mutation ($text: String!) { registerDocument(text: $text) { id } }', { text: '{ me { clientId } }' })
  .toPromise()
const codes = (result) => result.error.graphQLErrors.map((error) => error.extensions.code)
console.log(
  JSON.stringify({
    stations: read.data.riverStation.map((row) => row.stationName),
    refused: codes(refused),
    unknown: codes(unknown),
    id: written.data.registerDocument.id,
  }),
)
