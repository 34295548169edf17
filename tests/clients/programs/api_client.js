// @hubspot/api-client: HubSpot's own client for Node.
const { Client } = require(`${process.argv[2]}/@hubspot/api-client`)

async function main () {
  const client = new Client({
    accessToken: process.env.HUBSPOT_TOKEN,
    basePath: process.env.HUBSPOT_BASE_URL
  })
  const contacts = await client.crm.contacts.getAll(undefined, undefined, ['email'])
  if (!contacts.every(one => one.properties.email)) throw new Error('a contact without its e-mail')
  const schemas = (await client.crm.schemas.coreApi.getAll()).results
  const counts = { contacts: contacts.length }
  for (const [what, name] of [['bookings', 'bookings'], ['exams', 'mock_exams']]) {
    const id = schemas.find(one => one.name === name).objectTypeId
    counts[what] = 0
    let after
    do {
      const page = await client.crm.objects.basicApi.getPage(id, 100, after)
      counts[what] += page.results.length
      after = page.paging?.next?.after
    } while (after)
  }
  console.log(JSON.stringify(counts))
}

main().catch(error => { console.error(error); process.exit(1) })
