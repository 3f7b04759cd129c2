// A telephone in the browser. The microphone opens only when a person presses "Call".
"use strict";

const phone = document.getElementById("phone");
const part = (name) => phone.querySelector(`[data-${name}]`);
const { Room, RoomEvent, Track } = LivekitClient;
let room = null;
let began = 0;

function say(text) {
  part("status").textContent = text;
}

function look(talking) {
  part("dial").hidden = talking;
  part("hangup").hidden = !talking;
  part("keys").hidden = !talking;
}

function count() {
  const seconds = Math.floor((Date.now() - began) / 1000);
  part("seconds").hidden = !began;
  part("seconds").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

async function ask() {
  const token = phone.querySelector("[name=csrfmiddlewaretoken]").value;
  const answer = await fetch(phone.dataset.ask, { method: "POST", headers: { "X-CSRFToken": token } });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  return told;
}

function hear(track) {
  if (track.kind !== Track.Kind.Audio) return;
  document.body.append(track.attach());
  began ||= Date.now();
  say(phone.dataset.talking);
}

function end(text) {
  const old = room;
  room = null;
  began = 0;
  look(false);
  count();
  say(text);
  for (const sound of document.querySelectorAll("body > audio")) sound.remove();
  old?.disconnect();
}

async function microphone() {
  if (!navigator.mediaDevices) throw new Error(phone.dataset.insecure);
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    return stream.getAudioTracks()[0];
  } catch {
    throw new Error(phone.dataset.microphone);
  }
}

async function dial() {
  part("dial").disabled = true;
  say(phone.dataset.calling);
  let track = null;
  try {
    track = await microphone();
    const { url, token, call } = await ask();
    const mine = new Room();
    room = mine;
    mine.on(RoomEvent.TrackSubscribed, hear);
    mine.on(RoomEvent.Disconnected, () => room === mine && end(phone.dataset.ended));
    await mine.connect(url, token).catch(() => {
      throw new Error(phone.dataset.away);
    });
    await mine.localParticipant.publishTrack(track, { source: Track.Source.Microphone });
    look(true);
    if (!began) say(phone.dataset.silent);
    part("link").hidden = false;
    part("link").querySelector("a").href = call;
  } catch (error) {
    track?.stop();
    end(error.message);
  } finally {
    part("dial").disabled = false;
  }
}

// DTMF codes of the keys: 0-9, * is 10, # is 11.
const code = (key) => "0123456789*#".indexOf(key);

part("dial").addEventListener("click", dial);
part("hangup").addEventListener("click", () => end(phone.dataset.ended));
part("keys").addEventListener("click", ({ target }) => {
  const key = target.textContent.trim();
  if (target.matches("button") && room) room.localParticipant.publishDtmf(code(key), key);
});
addEventListener("pagehide", () => room?.disconnect());
setInterval(count, 1000);
// Until here a press would have been lost.
part("dial").disabled = !("answered" in phone.dataset);
