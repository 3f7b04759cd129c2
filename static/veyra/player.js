// Hearing a recording: two lanes, the lines of the transcript, speed, silence, keys.
"use strict";

const STEP = 5; // seconds of an arrow key
const BEFORE = 0.2; // seconds of silence that are left at either end

// What the reader chose last holds for the next recording, too.
const kept = {
  get(name, otherwise) {
    try {
      return localStorage.getItem(`vy-${name}`) ?? otherwise;
    } catch {
      return otherwise;
    }
  },
  set(name, value) {
    try {
      localStorage.setItem(`vy-${name}`, value);
    } catch {
      // The browser keeps nothing: it holds until the page is closed.
    }
  },
};

// All that one player asks for is one listening. crypto.randomUUID is not there without https.
function newVisit() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const [caller, ours, edge] = ["--vy-spoke", "--vy-thought", "--vy-edge"].map((name) => style.getPropertyValue(name).trim());
  const lane = (colour) => ({ waveColor: edge, progressColor: colour });
  return { splitChannels: [lane(caller), lane(ours)], cursorColor: style.getPropertyValue("--vy-ink").trim() };
}

class Player {
  constructor(box) {
    this.box = box;
    this.facts = JSON.parse(box.querySelector('script[type="application/json"]').textContent);
    this.media = this.part("media");
    this.media.src = `${box.dataset.player}?visit=${newVisit()}`;
    this.stopAt = Infinity;
    this.lines = [];
    this.draw();
    this.listen();
    this.media.playbackRate = this.media.defaultPlaybackRate = this.part("speed").value = kept.get("speed", "1");
    this.part("skip").checked = kept.get("skip", "") === "yes";
    this.part("wave").ariaValueMax = String(Math.round(this.facts.seconds));
    this.show();
  }

  part(name) {
    return this.box.querySelector(`[data-part="${name}"]`);
  }

  draw() {
    const peaks = this.facts.peaks.map((lane) => (lane.length ? lane : [0]));
    this.wave = WaveSurfer.create({
      container: this.part("wave"),
      media: this.media,
      peaks,
      duration: this.facts.seconds || 1,
      height: 40,
      barWidth: 2,
      barGap: 1,
      barRadius: 1,
      dragToSeek: true,
      ...colours(),
    });
    // What it cannot load is told below, in words.
    this.wave.on("error", () => {});
    this.wave.on("interaction", (time) => this.seek(time));
    this.wave.on("timeupdate", () => this.tick());
  }

  listen() {
    this.part("play").addEventListener("click", () => this.toggle());
    this.part("back").addEventListener("click", () => this.skip(-STEP));
    this.part("on").addEventListener("click", () => this.skip(STEP));
    this.part("speed").addEventListener("change", ({ target }) => {
      this.media.playbackRate = this.media.defaultPlaybackRate = target.value;
      kept.set("speed", target.value);
    });
    this.part("skip").addEventListener("change", ({ target }) => kept.set("skip", target.checked ? "yes" : ""));
    for (const kind of ["play", "pause", "ended", "seeked"]) this.media.addEventListener(kind, () => this.show());
    this.media.addEventListener("loadedmetadata", () => this.begin());
    this.media.addEventListener("error", () => this.explain());
    // That somebody listens has just been written down: the list of who has heard it is longer.
    const told = () => this.box.dispatchEvent(new CustomEvent("vy-changed", { bubbles: true }));
    this.media.addEventListener("playing", () => setTimeout(told, 500), { once: true });
  }

  toggle() {
    this.stopAt = Infinity;
    if (this.media.paused) this.play();
    else this.media.pause();
  }

  play() {
    current = this;
    this.part("problem").hidden = true;
    // What keeps it from playing comes as the element's own event, too.
    this.media.play().catch(() => {});
  }

  seek(time) {
    this.stopAt = Infinity;
    this.at = Math.min(Math.max(time, 0), this.length());
    // Nothing of it is here yet: it shall begin at this place, and nothing be heard before.
    if (this.media.readyState === 0) this.media.currentTime = this.at;
    this.wave.setTime(this.at);
    this.show();
  }

  // Some browsers forget the place where it should begin.
  begin() {
    if (this.at && Math.abs(this.media.currentTime - this.at) > 0.5) this.media.currentTime = this.at;
  }

  skip(seconds) {
    this.seek(this.now() + seconds);
  }

  // Just this much.
  hear(from, to) {
    this.seek(from);
    this.stopAt = to;
    this.play();
  }

  length() {
    return this.facts.seconds || this.media.duration || 0;
  }

  now() {
    return this.media.readyState === 0 ? (this.at ?? 0) : this.media.currentTime;
  }

  tick() {
    const now = this.now();
    if (!this.media.paused && !this.media.seeking) {
      if (now >= this.stopAt) {
        this.stopAt = Infinity;
        this.media.pause();
      } else if (this.part("skip").checked) {
        this.skipSilence(now);
      }
    }
    this.show();
  }

  skipSilence(now) {
    const quiet = this.facts.silences.find(([from, to]) => from + BEFORE <= now && now < to - 2 * BEFORE);
    if (quiet && quiet[1] < this.stopAt) this.media.currentTime = quiet[1] - BEFORE;
  }

  show() {
    const [now, isPlaying] = [this.now(), !this.media.paused && !this.media.ended];
    const time = `${clock(now)} / ${clock(this.length())}`;
    const state = `${isPlaying}${time}`;
    if (this.shown !== state) {
      this.shown = state;
      const [sign, word] = this.part("play").children;
      sign.textContent = isPlaying ? "⏸" : "▶";
      word.textContent = isPlaying ? this.box.dataset.pause : this.box.dataset.listen;
      this.part("time").textContent = time;
      this.part("wave").ariaValueNow = String(Math.round(now));
      this.part("wave").ariaValueText = time;
    }
    this.mark(now, isPlaying);
  }

  // The line that is heard now.
  mark(now, isPlaying) {
    if (!this.lines[0]?.node.isConnected) this.lines = lines();
    const here = this.lines.findLast(({ from, to }) => from <= now && now < to && (isPlaying || now > 0))?.node;
    if (here === this.here && (!here || here.classList.contains("vy-heard-now"))) return;
    this.here?.classList.remove("vy-heard-now");
    here?.classList.add("vy-heard-now");
    if (here && isPlaying) here.scrollIntoView({ block: "nearest", behavior: "smooth" });
    this.here = here;
  }

  async explain() {
    const problem = this.part("problem");
    problem.textContent = this.box.dataset.away;
    if (!this.media.canPlayType("audio/ogg; codecs=opus") && this.media.tagName === "AUDIO") {
      problem.textContent = this.box.dataset.unplayable;
    } else {
      try {
        const answer = await fetch(this.media.src, { headers: { Range: "bytes=0-0" } });
        if (answer.headers.get("Content-Type")?.startsWith("text/plain")) problem.textContent = await answer.text();
      } catch {
        // Then it is the connection, as it says already.
      }
    }
    problem.hidden = false;
    this.show();
  }

  end() {
    this.media.pause();
    this.wave.destroy();
    this.here?.classList.remove("vy-heard-now");
    this.media.removeAttribute("src");
    this.media.load();
  }
}

function lines() {
  return [...document.querySelectorAll("[data-from]")].map((node) => ({ node, from: Number(node.dataset.from), to: Number(node.dataset.to) }));
}

// A page has one player at a time; a new fragment of the page brings a new one.
let current = null;

function meet() {
  const box = document.querySelector("[data-player]");
  if (current?.box === box || (!current && !box)) return;
  current?.end();
  current = box ? new Player(box) : null;
}

document.addEventListener("click", async ({ target }) => {
  const line = target.closest("[data-from]");
  if (line && current && (target.closest("button") || getSelection().isCollapsed)) {
    current.hear(Number(line.dataset.from), Number(line.dataset.to));
  }
  const asked = target.closest("[data-player-at]");
  if (!asked) return;
  const dock = document.querySelector(".vy-dock");
  try {
    const answer = await fetch(asked.dataset.playerAt, { redirect: "error" });
    if (!answer.ok) throw new Error(answer.statusText);
    dock.innerHTML = await answer.text();
  } catch {
    location.assign(asked.dataset.playerAt.split("?")[0]);
    return;
  }
  meet();
  current?.play();
});

document.addEventListener("keydown", (event) => {
  if (!current || event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const isOnPlace = event.target.closest('[data-part="wave"]');
  const keys = {
    ArrowLeft: () => current.skip(-STEP),
    ArrowRight: () => current.skip(STEP),
    ...(isOnPlace && { Home: () => current.seek(0), End: () => current.seek(current.length()) }),
    ...(!event.target.closest("button, a, summary") && { " ": () => current.toggle() }),
  };
  if (!(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
});

meet();
new MutationObserver(meet).observe(document.querySelector(".vy-dock") ?? document.querySelector(".vy-page"), { childList: true });
// The page's colours have changed between light and dark.
new MutationObserver(() => current?.wave.setOptions(colours())).observe(document.documentElement, { attributeFilter: ["class"] });
