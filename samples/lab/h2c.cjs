// HTTP/2 servers that misbehave on purpose: node h2c.cjs BEHAVIOUR PORT, inside TLS with LAB_TLS=TLSv1.3 or so; and clients:
// node h2c.cjs get URL..., and one that does not read: node h2c.cjs stuff URL
const fs = require('fs')
const http2 = require('http2')

const { NGHTTP2_REFUSED_STREAM, NGHTTP2_ENHANCE_YOUR_CALM } = http2.constants
const HALF = 'h'.repeat(500)
const sockets = new Set()
let streams = 0

const behaviours = {
  // half of what was announced, then RST_STREAM INTERNAL_ERROR: what Node makes of a handler's error
  half_then_error: stream => {
    stream.respond({ ':status': 200, 'content-length': 1000 })
    stream.write(HALF)
    setTimeout(() => stream.destroy(new Error('handler failed')), 100)
  },
  // half of what was announced, then END_STREAM as if that were all
  half_then_end: stream => {
    stream.respond({ ':status': 200, 'content-length': 1000 })
    stream.end(HALF)
  },
  // twice as much as was announced
  twice: stream => {
    stream.respond({ ':status': 200, 'content-length': 500 })
    stream.end(HALF + HALF)
  },
  // much to say
  much: stream => {
    stream.respond({ ':status': 200, 'content-length': 5000 })
    stream.end(HALF.repeat(10))
  },
  // every first stream is refused, wherever it comes; the second of the process is answered
  refuse_once: stream => {
    streams += 1
    if (streams === 1) stream.close(NGHTTP2_REFUSED_STREAM)
    else stream.respond({ ':status': 204 }, { endStream: true })
  },
  // GOAWAY names the first stream as the last that is taken, answers it, and closes
  last_is_first: stream => {
    if (stream.id > 1) return
    setTimeout(() => stream.session.goaway(0, 1), 200)
    setTimeout(() => stream.respond({ ':status': 204 }, { endStream: true }), 300)
    setTimeout(() => stream.session.socket.end(), 400)
  },
  // GOAWAY with an error, and the end
  calm: stream => {
    stream.session.goaway(NGHTTP2_ENHANCE_YOUR_CALM, stream.id, Buffer.from('too_many_pings'))
    setTimeout(() => stream.session.socket.end(), 50)
  },
  // the process dies in the middle of a response
  dies: stream => {
    stream.respond({ ':status': 200, 'content-length': 1000 })
    stream.write(HALF)
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100)
  },
  // the connection is reset in the middle of a response
  resets: stream => {
    stream.respond({ ':status': 200, 'content-length': 1000 })
    stream.write(HALF)
    setTimeout(() => sockets.forEach(socket => socket.resetAndDestroy()), 100)
  },
}

// all URLs at once on one session, which is kept for two seconds more
function get(urls) {
  const session = http2.connect(urls[0])
  const fail = error => console.error(error.code, error.message)
  let open = urls.length
  session.on('error', fail)
  for (const url of urls) {
    const { pathname, host } = new URL(url)
    const stream = session.request({ ':path': pathname, ':authority': host })
    stream.on('response', headers => console.log(headers[':status']))
    stream.on('error', fail).resume()
    stream.on('close', () => (open -= 1) || setTimeout(() => session.destroy(), 2000))
  }
}

// reads nothing of the answer, and gives up after four seconds
function stuff([url]) {
  const session = http2.connect(url, { settings: { initialWindowSize: 1000 } })
  const stream = session.request({ ':path': new URL(url).pathname })
  stream.on('error', () => {}).pause()
  setTimeout(() => stream.close(http2.constants.NGHTTP2_CANCEL), 4000)
  setTimeout(() => session.destroy(), 5000)
}

function serve({ LAB_TLS, LAB_CERTS, LAB_KEYS }) {
  if (!LAB_TLS) return http2.createServer()
  const [cert, key] = ['www.chain.pem', 'www.key'].map(name => fs.readFileSync(`${LAB_CERTS}/${name}`))
  const server = http2.createSecureServer({ cert, key, minVersion: LAB_TLS, maxVersion: LAB_TLS })
  return server.on('keylog', line => fs.appendFileSync(LAB_KEYS, line))
}

const [what, ...rest] = process.argv.slice(2)
if (what === 'get' || what === 'stuff') {
  (what === 'get' ? get : stuff)(rest)
} else {
  const server = serve(process.env)
  server.on('sessionError', () => {})
  server.on('connection', socket => sockets.add(socket))
  server.on('stream', stream => {
    stream.on('error', () => {})
    behaviours[what](stream)
  })
  server.listen(Number(rest[0]))
}
