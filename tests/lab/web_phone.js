// A SIP phone in a web page (RFC 7118): registers, calls, is called, transfers. It has no voice; its SDP names a place where
// nobody listens. The test looks at `phone.calls` and `phone.registered`.
"use strict";

function md5(text) {      // RFC 1321: browsers have none
  const bytes = new TextEncoder().encode(text);
  const words = new Uint32Array((((bytes.length + 8) >> 6) + 1) * 16);
  bytes.forEach((byte, i) => { words[i >> 2] |= byte << (8 * (i & 3)); });
  words[bytes.length >> 2] |= 0x80 << (8 * (bytes.length & 3));
  words[words.length - 2] = bytes.length * 8;
  const shifts = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
  let state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let block = 0; block < words.length; block += 16) {
    let [a, b, c, d] = state;
    for (let i = 0; i < 64; ++i) {
      const round = i >> 4;
      const mixed = [(b & c) | (~b & d), (d & b) | (~d & c), b ^ c ^ d, c ^ (b | ~d)][round];
      const word = words[block + ([i, 5 * i + 1, 3 * i + 5, 7 * i][round] & 15)];
      const sum = (a + mixed + Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) + word) | 0;
      const shift = shifts[round][i & 3];
      [a, b, c, d] = [d, (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0, b, c];
    }
    state = [a, b, c, d].map((value, i) => (value + state[i]) | 0);
  }
  return Array.from(new Uint8Array(new Int32Array(state).buffer), byte => byte.toString(16).padStart(2, "0")).join("");
}

const random = () => crypto.getRandomValues(new Uint32Array(2)).reduce((text, value) => text + value.toString(36), "");

class SipMessage {
  constructor(text) {
    const [head, body] = text.split("\r\n\r\n");
    const [start, ...lines] = head.split("\r\n");
    this.start = start;
    this.body = body;
    this.headers = lines.map(line => [line.slice(0, line.indexOf(":")).trim(), line.slice(line.indexOf(":") + 1).trim()]);
    this.status = start.startsWith("SIP/2.0 ") ? Number(start.slice(8, 11)) : 0;
    this.method = this.status ? this.get("CSeq").split(" ")[1] : start.split(" ")[0];
  }
  all(name) { return this.headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value); }
  get(name) { return this.all(name)[0] ?? ""; }
  tag(name) { return /;tag=([^;]+)/.exec(this.get(name).replace(/<.*>/, ""))?.[1]; }
  uri(name) { return /<([^>]*)>/.exec(this.get(name))?.[1]; }
}

class WebPhone {
  constructor(url, name, password, domain) {
    Object.assign(this, { url, name, password, domain, registered: 0, calls: [] });
    this.host = `${random()}.invalid`;
    this.transport = url.split(":")[0].toUpperCase();      // in Via; in URIs it is ws for both (RFC 7118 §5.1)
    this.aor = `sip:${name}@${domain}`;
    this.contact = `<sip:${name}@${this.host};transport=ws>`;
    this.waiting = new Map();      // branch + method -> who takes the responses
  }

  open() {
    this.socket = new WebSocket(this.url, "sip");
    this.socket.onmessage = event => this.take(new SipMessage(event.data));
    return new Promise((opened, failed) => {
      this.socket.onopen = () => opened(true);
      this.socket.onclose = event => failed(new Error(`closed: ${event.code}`));
    });
  }

  // One request; `dialog` has callId, cseq, from, to, routes. `answered` is called with each response.
  request(method, uri, dialog, headers, body, answered, branch = `z9hG4bK${random()}`) {
    const lines = [`${method} ${uri} SIP/2.0`, `Via: SIP/2.0/${this.transport} ${this.host};branch=${branch}`,
      "Max-Forwards: 70", ...dialog.routes.map(route => `Route: ${route}`), `From: ${dialog.from}`, `To: ${dialog.to}`,
      `Call-ID: ${dialog.callId}`, `CSeq: ${dialog.cseq} ${method}`, `Contact: ${this.contact}`, ...headers];
    if (answered) this.waiting.set(branch + method, answered);
    this.send(lines, body);
    return branch;
  }

  send(lines, body = "") {
    if (body) lines.push("Content-Type: application/sdp");
    this.socket.send([...lines, "", body].join("\r\n"));      // no Content-Length: the frame is as long as the message
  }

  // Sends it again with credentials when it is challenged; then `done` gets the final response.
  authenticated(method, uri, dialog, headers, body, done, progress = () => {}) {
    const branch = this.request(method, uri, dialog, headers, body, response => {
      if (response.status < 200) return progress(response);
      if (method === "INVITE" && response.status >= 300) {
        this.request("ACK", uri, { ...dialog, to: response.get("To") }, [], "", null, branch);
      }
      if (response.status !== 401 || headers.some(line => line.startsWith("Authorization"))) return done(response);
      ++dialog.cseq;
      const credentials = this.credentials(response.get("WWW-Authenticate"), method, uri);
      this.authenticated(method, uri, dialog, [...headers, credentials], body, done, progress);
    });
  }

  credentials(challenge, method, uri) {
    const value = name => new RegExp(`${name}="?([^",]*)`).exec(challenge)?.[1];
    const cnonce = random();
    const secret = md5(`${this.name}:${value("realm")}:${this.password}`);
    const response = md5(`${secret}:${value("nonce")}:00000001:${cnonce}:auth:${md5(`${method}:${uri}`)}`);
    return `Authorization: Digest username="${this.name}", realm="${value("realm")}", nonce="${value("nonce")}", uri="${uri}", `
      + `response="${response}", algorithm=MD5, cnonce="${cnonce}", nc=00000001, qop=auth, opaque="${value("opaque") ?? ""}"`;
  }

  register(expires = 300) {
    const dialog = { callId: random(), cseq: 1, from: `<${this.aor}>;tag=${random()}`, to: `<${this.aor}>`, routes: [] };
    this.registered = 0;
    this.authenticated("REGISTER", `sip:${this.domain}`, dialog, [`Expires: ${expires}`, "Supported: path, outbound"], "",
      response => { this.registered = response.status; });
  }

  sdp() {
    return ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", "m=audio 9 RTP/AVP 0", "a=rtpmap:0 PCMU/8000",
      ""].join("\r\n");
  }

  call(user) {
    const uri = `sip:${user}@${this.domain}`;
    const call = { callId: random(), cseq: 1, from: `<${this.aor}>;tag=${random()}`, to: `<${uri}>`, routes: [], uri,
      state: "calling", told: "" };
    this.calls.push(call);
    this.authenticated("INVITE", uri, call, [], this.sdp(), response => {
      if (response.status >= 300) return void (call.state = `refused ${response.status}`);
      call.to = response.get("To");
      call.routes = response.all("Record-Route").reverse();
      call.target = response.uri("Contact");
      this.request("ACK", call.target, call, [], "");
      call.state = "up";
    }, response => { call.state = `progress ${response.status}`; });
  }

  hangUp(call) {
    ++call.cseq;
    this.request("BYE", call.target, call, [], "", () => { call.state = "ended"; });
  }

  // Connects the peers of two calls; `told` is what the NOTIFY said.
  transfer(first, second) {
    const tag = text => /;tag=([^;]+)/.exec(text.replace(/<.*>/, ""))[1];
    const replaces = encodeURIComponent(`${second.callId};to-tag=${tag(second.to)};from-tag=${tag(second.from)}`);
    ++first.cseq;
    this.request("REFER", first.target, first, [`Refer-To: <${second.uri}?Replaces=${replaces}>`, `Referred-By: <${this.aor}>`], "",
      response => { first.referred = response.status; });
  }

  take(message) {
    if (message.status) {
      const branch = /;branch=([^;]+)/.exec(message.get("Via"))[1];
      this.waiting.get(branch + message.method)?.(message);
      return;
    }
    const call = this.calls.find(one => one.callId === message.get("Call-ID"));
    if (message.method === "INVITE" && !message.tag("To")) return this.ring(message);
    if (message.method === "ACK") return void (call && (call.state = "up"));
    this.answer(message, call ? "200 OK" : "481 Unknown", [], message.method === "INVITE" && call ? this.sdp() : "");
    if (call && message.method === "BYE") call.state = "ended";
    if (call && message.method === "NOTIFY") call.told = message.body;
  }

  ring(invite) {
    const tag = random();
    const call = { callId: invite.get("Call-ID"), cseq: 1, from: `${invite.get("To")};tag=${tag}`, to: invite.get("From"),
      routes: invite.all("Record-Route"), target: invite.uri("Contact"), uri: invite.uri("From"), state: "ringing", told: "" };
    this.calls.push(call);
    this.answer(invite, "180 Ringing", [`Contact: ${this.contact}`], "", tag);
    this.answer(invite, "200 OK", [`Contact: ${this.contact}`], this.sdp(), tag);
  }

  answer(request, status, headers, body, tag) {
    const copied = request.headers.filter(([name]) => /^(via|from|call-id|cseq|record-route)$/i.test(name));
    const to = request.get("To") + (tag ? `;tag=${tag}` : "");
    this.send([`SIP/2.0 ${status}`, ...copied.map(([name, value]) => `${name}: ${value}`), `To: ${to}`, ...headers], body);
  }
}
