// Listening to a call, joining it, and speaking in it in place of an assistant. First the way is
// tried, and what is in it is said; the microphone opens only when a person has said that he wants to
// speak: here, or before he came to a page that enters by itself ([data-enters]).
const { Room, RoomEvent, Track, DisconnectReason } = LivekitClient;
const ear = document.getElementById("ear");
const page = document.getElementById("call");
const words = ear.dataset;
const part = (name) => ear.querySelector(`[data-part="${name}"]`);
const csrf = ear.querySelector("[name=csrfmiddlewaretoken]").value;
// Once the way was found good, it is not tried for each call anew.
const GOOD = "veyra.sound";
const GOOD_FOR = 10 * 60 * 1000;
const STAY_EVERY = 10 * 1000;
const COMES_BACK = 5; // times
const SECONDS = { peerConnectionTimeout: 8000, websocketTimeout: 8000 };

let way = words.checking; // what keeps us from hearing; "" where nothing does
let voice = ""; // what keeps us from speaking
let visit = null; // { kind, stay, leave, here, token, url, room, microphone, muted }
let entersBy = words.enters; // the door that is entered as soon as the way is found good
let meter = null;

// What a person should read. `final`: asking again would change nothing.
class Obstacle extends Error {
  constructor(text, final = false) {
    super(text);
    this.final = final;
  }
}

async function ask(door) {
  let answer;
  try {
    answer = await fetch(door, { method: "POST", headers: { "X-CSRFToken": csrf }, redirect: "manual" });
  } catch {
    throw new Obstacle(words.server);
  }
  if (answer.type === "opaqueredirect" || answer.status === 403) throw new Obstacle(words.forbidden, true);
  if (answer.status === 409) throw new Obstacle((await answer.json()).error, true);
  if (!answer.ok) throw new Obstacle(words.server);
  return answer.status === 204 ? null : answer.json();
}

// What stands between this browser and the sound

async function connect(room, { url, token }) {
  const isPlain = /^(ws|http):/.test(url);
  if (isPlain && location.protocol === "https:") throw new Obstacle(words.mixed);
  let answered = false;
  room.once(RoomEvent.SignalConnected, () => {
    answered = true;
  });
  try {
    await room.connect(url, token, SECONDS);
  } catch {
    sessionStorage.removeItem(GOOD);
    throw new Obstacle(answered ? words.media : words.socket);
  }
}

async function tryTheWay() {
  if (!window.RTCPeerConnection) throw new Obstacle(words.noSound);
  if (Date.now() - Number(sessionStorage.getItem(GOOD)) < GOOD_FOR) return;
  const trial = new Room();
  try {
    await connect(trial, await ask(words.trialDoor));
  } finally {
    trial.disconnect();
  }
  sessionStorage.setItem(GOOD, Date.now());
}

async function tryTheMicrophone() {
  if (!part("join") && !words.enters) return "";
  if (!window.isSecureContext || !navigator.mediaDevices) return words.insecure;
  const devices = await navigator.mediaDevices.enumerateDevices();
  if (!devices.some(({ kind }) => kind === "audioinput")) return words.noMicrophone;
  try {
    const right = await navigator.permissions.query({ name: "microphone" });
    right.onchange = prepare;
    return right.state === "denied" ? words.denied : "";
  } catch {
    return ""; // this browser tells only when it is asked for the microphone
  }
}

async function prepare() {
  voice = await tryTheMicrophone();
  look();
  try {
    await tryTheWay();
    way = "";
  } catch (error) {
    way = error.message;
  }
  look(visit ? null : "");
  problem(way || (entersBy ? voice : ""));
  if (!entersBy || visit || way || voice || state() === "ended") return;
  const kind = entersBy;
  entersBy = "";
  enter(kind);
}

// What the person sees

function state() {
  return page.querySelector("[data-state]")?.dataset.state;
}

function look(text = null) {
  const inside = visit !== null;
  const speaks = inside && visit.kind !== "listen";
  const goesOn = state() !== "ended";
  const early = !way && state() === "ringing" ? words.unanswered : "";
  const silenced = goesOn ? voice || early : "";
  if (part("listen")) {
    part("listen").hidden = inside;
    part("listen").disabled = Boolean(way) || !goesOn;
  }
  if (part("join")) {
    part("join").hidden = speaks;
    part("join").disabled = Boolean(way || silenced) || !goesOn;
    part("microphone").hidden = speaks || !silenced;
    part("microphone").textContent = silenced;
  }
  part("leave").hidden = !inside;
  part("mute").hidden = !speaks;
  part("mute").textContent = visit?.muted ? words.unmute : words.mute;
  part("level").hidden = !inside;
  if (part("keys")) part("keys").hidden = !speaks;
  ear.classList.toggle("vy-on-air", speaks);
  if (text !== null) part("status").textContent = text;
}

function problem(text) {
  part("problem").hidden = !text || text === words.checking;
  part("problem").textContent = text;
}

function sayWhere() {
  if (!visit) return;
  const spoken = visit.kind === "take" ? [words.taken, words.takenMuted] : [words.joined, words.muted];
  look(visit.kind === "listen" ? words.listening : spoken[Number(visit.muted)]);
}

// Sound

class Meter {
  constructor() {
    this.context = new AudioContext();
    this.analyser = this.context.createAnalyser();
    this.samples = new Float32Array(this.analyser.fftSize);
    this.timer = setInterval(() => this.show(), 100);
    this.context.resume();
  }

  hear(track) {
    const stream = new MediaStream([track.mediaStreamTrack]);
    this.context.createMediaStreamSource(stream).connect(this.analyser);
  }

  show() {
    this.analyser.getFloatTimeDomainData(this.samples);
    const power = this.samples.reduce((sum, sample) => sum + sample * sample, 0);
    part("level").value = Math.sqrt(power / this.samples.length);
  }

  stop() {
    clearInterval(this.timer);
    this.context.close();
  }
}

function hear(track) {
  if (track.kind !== Track.Kind.Audio || !visit) return;
  ear.append(track.attach());
  meter.hear(track);
}

function unhear(track) {
  track.detach();
  // Of somebody who has left, LiveKit has taken the sound away itself.
  for (const sound of ear.querySelectorAll("audio")) if (!sound.srcObject) sound.remove();
}

async function openMicrophone() {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    return stream.getAudioTracks()[0];
  } catch {
    throw new Obstacle(words.busyMicrophone);
  }
}

// Coming and going

async function enter(kind) {
  problem("");
  for (const name of ["listen", "join"]) if (part(name)) part(name).disabled = true;
  const mine = { kind, muted: false };
  try {
    if (kind !== "listen") mine.microphone = await openMicrophone();
    if (visit) finish("");
    look(words.connecting);
    Object.assign(mine, await ask(words[`${kind}Door`]));
    visit = mine;
    meter = new Meter();
    await enterRoom();
    if (mine.here) await ask(mine.here);
    sayWhere();
  } catch (error) {
    mine.microphone?.stop();
    if (mine.stay && visit !== mine) return; // the call ended meanwhile, and that was said
    if (visit === mine) finish("");
    look(visit ? null : "");
    problem(error.message);
  }
}

async function enterRoom() {
  const room = new Room();
  visit.room = room;
  const isMine = () => visit?.room === room;
  room.on(RoomEvent.TrackSubscribed, hear);
  room.on(RoomEvent.TrackUnsubscribed, unhear);
  room.on(RoomEvent.Reconnecting, () => isMine() && look(words.broken));
  room.on(RoomEvent.Reconnected, () => isMine() && sayWhere());
  await connect(room, visit);
  room.on(RoomEvent.Disconnected, (reason) => isMine() && thrownOut(reason));
  if (visit.microphone) {
    if (visit.microphone.readyState === "ended") visit.microphone = await openMicrophone();
    await room.localParticipant.publishTrack(visit.microphone, { source: Track.Source.Microphone });
    if (visit.muted) await room.localParticipant.setMicrophoneEnabled(false);
  }
}

function thrownOut(reason) {
  const { PARTICIPANT_REMOVED, ROOM_DELETED, ROOM_CLOSED } = DisconnectReason;
  if (reason === PARTICIPANT_REMOVED) finish("", words.removed);
  else if (reason === ROOM_DELETED || reason === ROOM_CLOSED) finish(words.ended);
  else comeBack(visit);
}

async function comeBack(mine) {
  look(words.broken);
  for (let time = 1; time <= COMES_BACK; time += 1) {
    await new Promise((done) => setTimeout(done, 1000 * time * (0.5 + Math.random())));
    if (visit !== mine) return;
    try {
      Object.assign(mine, await ask(mine.stay));
      await enterRoom();
      sayWhere();
      return;
    } catch (error) {
      if (visit === mine && (error.final || time === COMES_BACK)) finish("", error.message);
    }
  }
}

async function stay() {
  const mine = visit;
  if (!mine) return;
  try {
    Object.assign(mine, await ask(mine.stay));
  } catch (error) {
    // Veyra is away for a moment: the sound does not come through it.
    if (error.final && visit === mine) finish("", error.message);
  }
}

function finish(text, trouble = "") {
  const { room, microphone, leave } = visit;
  visit = null;
  room?.disconnect();
  microphone?.stop();
  meter.stop();
  for (const sound of ear.querySelectorAll("audio")) sound.remove();
  ask(leave).catch(() => {}); // else it is noticed that this page fell silent
  look(text);
  problem(trouble);
}

async function mute() {
  visit.muted = !visit.muted;
  await visit.room.localParticipant.setMicrophoneEnabled(!visit.muted);
  sayWhere();
}

part("listen")?.addEventListener("click", () => enter("listen"));
part("join")?.addEventListener("click", () => part("sure").showModal());
part("no")?.addEventListener("click", () => part("sure").close());
part("yes")?.addEventListener("click", () => {
  part("sure").close();
  enter("join");
});
part("leave").addEventListener("click", () => finish(words.left));
part("mute").addEventListener("click", mute);
part("keys")?.addEventListener("click", ({ target }) => {
  const key = target.textContent.trim();
  // Their codes: 0-9, * is 10, # is 11.
  if (target.matches("button")) visit?.room?.localParticipant.publishDtmf("0123456789*#".indexOf(key), key);
});
addEventListener("pagehide", () => {
  if (!visit) return;
  const form = new FormData();
  form.set("csrfmiddlewaretoken", csrf);
  navigator.sendBeacon(visit.leave, form);
  visit.room?.disconnect();
});
let seen = state();
new MutationObserver(() => {
  if (state() === seen) return;
  seen = state();
  if (visit && state() === "ended") finish(words.ended);
  else look();
}).observe(page, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-state"] });
setInterval(stay, STAY_EVERY);
look(words.checking);
prepare();
