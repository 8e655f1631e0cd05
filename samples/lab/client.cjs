// A Node client: node client.cjs WHAT URL [SECONDS]. The exit status is 1 when it failed, and stderr says how.
const http = require('http')
const https = require('https')

const [what, url, seconds = '4'] = process.argv.slice(2)
const web = url.startsWith('https') ? https : http

function get(options, done = () => {}) {
  web.get(url, options, response => response.resume().on('end', done).on('error', fail)).on('error', fail)
}

function fail(error) {
  console.error(error.code || error.name, (error.cause || {}).code || '', error.message)
  process.exitCode = 1
}

const clients = {
  get: () => get({ agent: false }), // a connection of its own, no patience of its own
  fetch: () => fetch(url, { signal: AbortSignal.timeout(Number(seconds) * 1000) }).then(r => r.text()).catch(fail),
  twice: () => {
    // two requests on one kept connection, `seconds` apart
    const agent = new web.Agent({ keepAlive: true })
    get({ agent }, () => setTimeout(() => get({ agent }, () => agent.destroy()), Number(seconds) * 1000))
  },
}
clients[what]()
