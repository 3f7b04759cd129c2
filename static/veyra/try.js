// Talking to an assistant to try it: through the microphone, in a room of its own, or by text.
// What is said stands in one list, whichever way it came. Nothing of it is a call.
const trial = document.getElementById("trial");
const words = trial.dataset;
const abilities = JSON.parse(document.getElementById("abilities").textContent);
const part = (name) => trial.querySelector(`[data-part="${name}"]`);
const csrf = trial.querySelector("[name=csrfmiddlewaretoken]").value;
const TRANSCRIPTION = "lk.transcription";
const TOPIC = "veyra.trial";
const SILENT_AFTER = 8000;
const BROKE_AFTER = 1500;
const SLOW_AFTER = 5000;
const LOOK_EVERY = 300;
const SHORT = 50; // milliseconds that nobody feels

let room = null; // the talk by voice that goes on
let typed = null; // the talk by text that goes on: { lines, say }
let began = 0;
// What is being said by voice and is not known as a whole yet: who -> its bubble.
const unfinished = new Map();
// What was said last: who -> { text, at }. Its words as they came may be later than the whole.
const finishedLast = new Map();
const LATE = 3000;

// What the person sees

const fill = (text, value) => text.replace("{}", value);
const seconds = (ms) => (ms / 1000).toFixed(1).replace(".", words.comma);

function problem(text) {
  part("problem").hidden = !text;
  part("problem").textContent = text;
}

function status(text) {
  part("status").textContent = text;
}

function look() {
  const goesOn = Boolean(room || typed);
  if (part("dial")) {
    part("dial").hidden = Boolean(room);
    part("hangup").hidden = !room;
  }
  part("begin").disabled = Boolean(room);
  part("form").hidden = !typed;
  part("keys").hidden = !goesOn;
}

function clear() {
  part("lines").replaceChildren();
  unfinished.clear();
  finishedLast.clear();
  part("empty").hidden = true;
  problem("");
}

function bubble(isOurs, text, note = "") {
  const item = document.createElement("li");
  item.className = isOurs ? "vy-turn vy-ours" : "vy-turn";
  const small = document.createElement("small");
  small.textContent = [isOurs ? words.it : words.you, note].filter(Boolean).join(" · ");
  item.append(small, document.createTextNode(text));
  part("lines").append(item);
  part("lines").scrollTop = part("lines").scrollHeight;
  return item;
}

function deed(text, isGood = true) {
  const item = document.createElement("li");
  item.className = isGood ? "vy-deed" : "vy-deed vy-bad";
  item.textContent = text;
  part("lines").append(item);
  part("lines").scrollTop = part("lines").scrollHeight;
}

function used({ name, kind, ok, ms, asked, values, passages }) {
  const filled = Object.values(asked ?? {}).filter(Boolean).join(", ");
  const found = (passages ?? values?.passages ?? []).map(([from, number]) => `${from}, ${fill(words.passage, number)}`);
  const came = ok ? ms > 0 && fill(words.ms, ms) : words.broke;
  const told = [abilities[kind] ?? name, filled && fill(words.quoted, filled), came, ...found];
  deed(told.filter(Boolean).join(" · "), ok);
}

function delay(line) {
  if (line.delay_ms === undefined || line.delay_ms === null) return "";
  const parts = ["heard", "thought", "spoke"]
    .filter((name) => line[`${name}_ms`])
    .map((name) => fill(words[name], seconds(line[`${name}_ms`])));
  const whole = fill(words.waited, seconds(line.delay_ms));
  return parts.length ? `${whole} (${parts.join(", ")})` : whole;
}

async function ask(door, fields = null) {
  const form = fields && new FormData();
  for (const [name, value] of Object.entries(fields ?? {})) form.set(name, value);
  let answer;
  try {
    const sent = { method: "POST", headers: { "X-CSRFToken": csrf }, body: form };
    answer = await fetch(door, { redirect: "manual", ...(fields ? sent : {}) });
  } catch {
    throw new Error(words.server);
  }
  if (answer.type === "opaqueredirect" || answer.status === 403) throw new Error(words.forbidden);
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.error ?? words.server);
  return told;
}

// By voice

async function microphone() {
  if (!window.isSecureContext || !navigator.mediaDevices) throw new Error(words.insecure);
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    return stream.getAudioTracks()[0];
  } catch {
    throw new Error(words.busyMicrophone);
  }
}

async function dial() {
  part("dial").disabled = true;
  typed = null;
  clear();
  status(words.calling);
  let track = null;
  try {
    track = await microphone();
    const { url, token } = await ask(words.voice, { what: words.what });
    await enter(url, token, track);
  } catch (error) {
    track?.stop();
    hangUp("");
    problem(error.message);
  } finally {
    part("dial").disabled = false;
  }
}

async function enter(url, token, track) {
  const { Room, RoomEvent, Track, DisconnectReason } = LivekitClient;
  if (/^(ws|http):/.test(url) && location.protocol === "https:") throw new Error(words.mixed);
  const mine = new Room();
  room = mine;
  const isMine = () => room === mine;
  mine.on(RoomEvent.TrackSubscribed, hear);
  mine.on(RoomEvent.DataReceived, (data, _who, _kind, topic) => {
    if (topic === TOPIC && isMine()) follow(JSON.parse(new TextDecoder().decode(data)));
  });
  mine.on(RoomEvent.Disconnected, (reason) => {
    const { ROOM_DELETED, ROOM_CLOSED } = DisconnectReason;
    if (isMine()) hangUp(reason === ROOM_DELETED || reason === ROOM_CLOSED ? words.hungUp : words.over);
  });
  // When it ends the talk itself, the room goes with it; else something broke.
  mine.on(RoomEvent.ParticipantDisconnected, ({ identity }) => {
    if (identity.startsWith("agent-")) setTimeout(() => isMine() && brokeOff(), BROKE_AFTER);
  });
  mine.registerTextStreamHandler(TRANSCRIPTION, (reader, who) => isMine() && overhear(mine, reader, who));
  try {
    await mine.connect(url, token, { peerConnectionTimeout: 8000, websocketTimeout: 8000 });
  } catch {
    throw new Error(words.socket);
  }
  await mine.localParticipant.publishTrack(track, { source: Track.Source.Microphone });
  look();
  setTimeout(() => isMine() && !began && status(words.silent), SILENT_AFTER);
}

function hear(track) {
  if (track.kind !== LivekitClient.Track.Kind.Audio) return;
  trial.append(track.attach());
  began ||= Date.now();
  status(words.talking);
}

// The words as they come; the whole line follows, and takes their place.
async function overhear(mine, reader, { identity }) {
  const isOurs = identity !== mine.localParticipant.identity;
  // Of what somebody says, each stream is all that is understood of it so far.
  let text = "";
  for await (const piece of reader) {
    text += piece;
    if (room !== mine) return;
    if (!text.trim() || isOfWhole(isOurs, text.trim())) continue;
    if (!unfinished.has(isOurs)) unfinished.set(isOurs, bubble(isOurs, ""));
    unfinished.get(isOurs).lastChild.textContent = text;
  }
}

function isOfWhole(isOurs, words) {
  const whole = finishedLast.get(isOurs);
  return whole && Date.now() - whole.at < LATE && whole.text.startsWith(words);
}

function finished(isOurs, text, note) {
  finishedLast.set(isOurs, { text, at: Date.now() });
  const rough = unfinished.get(isOurs);
  unfinished.delete(isOurs);
  const whole = bubble(isOurs, text, note);
  rough?.replaceWith(whole);
}

function follow(line) {
  if (line.type === "event") {
    if (line.kind === "tool") used(line.payload);
    if (line.kind === "provider" && line.payload.state === "failed") deed(fill(words.changed, line.payload.provider), false);
    return;
  }
  const isOurs = line.speaker === "agent";
  const note = [delay(line), line.interrupted && words.cut].filter(Boolean).join(" · ");
  const heard = line.digit ? fill(words.key, line.digit) : line.text;
  finished(isOurs, heard || (isOurs ? "" : words.wordless), note);
}

function brokeOff() {
  hangUp("");
  problem(words.brokeOff);
}

function hangUp(text) {
  const old = room;
  room = null;
  began = 0;
  old?.disconnect();
  for (const sound of trial.querySelectorAll("audio")) sound.remove();
  status(text);
  look();
}

// By text

async function begin() {
  part("begin").disabled = true;
  clear();
  status("");
  try {
    const mine = await ask(words.text, { what: words.what });
    typed = mine;
    look();
    await read(mine);
    part("form").says.focus();
  } catch (error) {
    stop("");
    problem(error.message);
  } finally {
    part("begin").disabled = false;
  }
}

function stop(text) {
  typed = null;
  status(text);
  look();
}

// Until the newest line is answered.
async function read(mine) {
  const asked = Date.now();
  mine.shown ??= new Set();
  for (;;) {
    const told = await ask(mine.lines);
    if (typed !== mine) return;
    for (const line of told.lines) {
      if (mine.shown.has(line.id) || !(line.answer || line.trouble)) continue;
      mine.shown.add(line.id);
      answered(line);
    }
    const isDone = told.lines.every(({ answer, trouble }) => answer || trouble);
    if (isDone) {
      status("");
      if (told.is_over) stop(words.over);
      return;
    }
    status(Date.now() - asked > SLOW_AFTER ? words.slow : "…");
    await new Promise((done) => setTimeout(done, LOOK_EVERY));
  }
}

function answered({ answer, trouble }) {
  if (trouble) {
    deed(trouble, false);
    return;
  }
  for (const each of answer.used) used(each);
  const text = answer.said.join(" ");
  if (text) bubble(true, text, answer.ms >= SHORT ? fill(words.waited, seconds(answer.ms)) : "");
  if (answer.transferred) deed(fill(words.transferred, answer.transferred));
}

async function say(fields, shown) {
  const mine = typed;
  if (!mine || mine.waits) return;
  mine.waits = true;
  try {
    await ask(mine.say, fields);
    bubble(false, shown);
    await read(mine);
    problem("");
  } catch (error) {
    problem(error.message);
  } finally {
    mine.waits = false;
  }
}

part("dial")?.addEventListener("click", dial);
part("hangup")?.addEventListener("click", () => hangUp(words.over));
part("begin").addEventListener("click", begin);
part("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = part("form").says;
  const text = field.value.trim();
  if (!text || typed?.waits) return;
  field.value = "";
  await say({ text }, text);
  field.focus();
});
part("keys").addEventListener("click", ({ target }) => {
  if (!target.matches("button")) return;
  const key = target.textContent.trim();
  // Their codes: 0-9, * is 10, # is 11.
  if (room) room.localParticipant.publishDtmf("0123456789*#".indexOf(key), key);
  else say({ key }, fill(words.key, key));
});
addEventListener("pagehide", () => room?.disconnect());
setInterval(() => {
  part("seconds").hidden = !began;
  const passed = Math.floor((Date.now() - began) / 1000);
  part("seconds").textContent = `${Math.floor(passed / 60)}:${String(passed % 60).padStart(2, "0")}`;
}, 500);
look();
