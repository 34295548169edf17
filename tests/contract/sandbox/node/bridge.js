// Reads one call a line, makes it with HubSpot's own client, writes one answer a line.
// {"api": "crm.contacts.basicApi", "method": "getById", "args": [...]} or {"request": {...}}
'use strict'
const readline = require('node:readline')
const path = require('node:path')
const { Client } = require(path.join(process.argv[2], '@hubspot/api-client'))

const client = new Client({
  accessToken: process.env.HUBSPOT_TOKEN,
  basePath: process.env.HUBSPOT_BASE_URL,
  numberOfApiCallRetries: 0,
})

async function typed({ api, method, args }) {
  const target = api.split('.').reduce((part, name) => part[name], client)
  try {
    const answer = await target[method + 'WithHttpInfo'](...args.map((one) => one ?? undefined))
    return { status: answer.httpStatusCode, body: answer.data ?? null }
  } catch (error) {
    if (error.code === undefined || error.body === undefined) throw error
    return { status: error.code, body: error.body }
  }
}

async function raw(request) {
  const answer = await client.apiRequest(request)
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
}

async function answer(line) {
  const call = JSON.parse(line)
  try {
    return await (call.request ? raw(call.request) : typed(call))
  } catch (error) {
    return { status: 0, body: String(error.stack || error) }
  }
}

const lines = readline.createInterface({ input: process.stdin })
lines.on('line', async (line) => {
  // the client's models write `_from` and `_new`, as the plain words are JavaScript's own
  const text = JSON.stringify(await answer(line)).replaceAll(/"_(from|new)":/g, '"$1":')
  process.stdout.write(text + '\n')
})
