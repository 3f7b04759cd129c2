// A call that rings for the reader, on whatever page he has open: a card, a sound once the page may
// play one, and a sign in the title. The socket tells at once; without it the card is fetched slowly.
"use strict";

{
  const bell = document.getElementById("bell");
  const place = bell.querySelector("[data-card]");
  const csrf = bell.querySelector("[name=csrfmiddlewaretoken]").value;
  const FORBIDDEN = 4403;
  const SLOWLY = 5000; // sooner than a search goes on to somebody else (telephony.finding.SHOWS)
  const EVERY = 4000; // the bell sounds once in so many milliseconds
  let socket = null;
  let wait = 500;
  let rings = null; // what rings: a ring and its place
  let sound = null;
  let isBusyUntil = 0; // by the clock of the sound
  let isTyped = false; // something is being filled in on this page

  function show({ ring, html }) {
    if (ring === rings) return;
    rings = ring;
    place.innerHTML = html;
    // A form that is half filled in stays where it is.
    if (isTyped) place.querySelector("[data-answer]")?.setAttribute("target", "_blank");
    blink();
    if (ring) return wake();
    sound?.suspend(); // in the middle of a tone, too
    isBusyUntil = 0;
  }

  // Pages change their own title; only our sign is put before it and taken away again.
  const SIGN = "☎ ";
  function blink() {
    const plain = document.title.replace(SIGN, "").replace(`${bell.dataset.title}: `, "");
    const title = rings ? `${SIGN}${bell.dataset.title}: ${plain}` : plain;
    if (document.title !== title) document.title = title;
  }

  // Two tones, twice, as a telephone rings. All open pages ring by the same clock.
  function ringOut() {
    if (!rings || sound?.state !== "running" || sound.currentTime < isBusyUntil) return;
    isBusyUntil = sound.currentTime + 1;
    [0, 0.4].forEach((begins) => {
      [440, 480].forEach((pitch) => {
        const start = sound.currentTime + begins;
        const tone = new OscillatorNode(sound, { frequency: pitch });
        const loud = new GainNode(sound, { gain: 0.12 });
        loud.gain.setTargetAtTime(0, start + 0.28, 0.02);
        tone.connect(loud).connect(sound.destination);
        tone.start(start);
        tone.stop(start + 0.4);
      });
    });
  }

  function keepRinging() {
    if (rings) blink();
    ringOut();
    setTimeout(keepRinging, EVERY - (Date.now() % EVERY));
  }

  // Before somebody has clicked on the page, or on the one that led to it, the browser plays nothing:
  // then it rings from his first click on.
  function wake() {
    if (!sound) {
      sound = new AudioContext();
      sound.onstatechange = () => (rings ? ringOut() : sound.suspend());
    }
    if (sound.state === "running") ringOut();
    else sound.resume();
  }

  function wakeOnce() {
    if (rings || !sound) wake();
  }

  async function decline(button) {
    button.disabled = true;
    try {
      const answer = await fetch(button.dataset.decline, { method: "POST", headers: { "X-CSRFToken": csrf }, redirect: "error" });
      if (!answer.ok) throw new Error(answer.status);
      show({ ring: null, html: "" });
    } catch {
      button.disabled = false;
      place.querySelector("[data-away]").hidden = false;
    }
  }

  function connect() {
    const mine = new WebSocket(`${location.origin.replace(/^http/, "ws")}/ws/ring/`);
    socket = mine;
    mine.onmessage = ({ data }) => {
      wait = 500;
      show(JSON.parse(data));
    };
    mine.onclose = ({ code }) => {
      socket = null;
      if (code === FORBIDDEN) return show({ ring: null, html: "" });
      setTimeout(connect, wait * (0.5 + Math.random()));
      wait = Math.min(wait * 2, 10000);
    };
  }

  async function poll() {
    if (socket?.readyState === WebSocket.OPEN) return;
    try {
      const answer = await fetch(bell.dataset.door, { redirect: "error" });
      if (answer.ok) show(await answer.json());
    } catch {
      // The server is away too; the next poll or the socket will tell.
    }
  }

  bell.addEventListener("click", ({ target }) => {
    if (target.matches("[data-decline]")) decline(target);
  });
  document.addEventListener("input", () => {
    isTyped = true;
  });
  document.addEventListener("pointerdown", wakeOnce);
  document.addEventListener("keydown", wakeOnce);
  connect();
  setInterval(poll, SLOWLY);
  keepRinging();
}
