// A number in the page's title when calls need a hand, and a sound: that one is off until somebody
// presses the button; the browser remembers it.
"use strict";

const alarm = {
  button: document.getElementById("alarm"),
  sign: "", // what of the page's title is ours
  isOn: localStorage.getItem("veyra.alarm") === "on",
  told: new Set(), // troubles that have sounded already, while they last
  sound: null,

  // `troubles`: a name for each trouble that is shown now.
  tell(troubles) {
    const isNew = troubles.some((name) => !alarm.told.has(name));
    alarm.told = new Set(troubles);
    if (isNew && alarm.isOn) alarm.beep();
    alarm.count(troubles.length);
  },
  // A call that rings for the reader has a sign in the title, too; that one stays.
  count(troubles) {
    const sign = troubles ? `(${troubles}) ` : "";
    if (sign === alarm.sign) return;
    document.title = sign + document.title.replace(alarm.sign, "");
    alarm.sign = sign;
  },
  // Two notes, the second one higher. Before somebody has clicked, the browser plays nothing.
  beep() {
    if (alarm.sound?.state !== "running") return;
    [660, 880].forEach((pitch, number) => {
      const start = alarm.sound.currentTime + number * 0.18;
      const tone = new OscillatorNode(alarm.sound, { frequency: pitch });
      const loud = new GainNode(alarm.sound, { gain: 0.2 });
      loud.gain.setTargetAtTime(0, start + 0.12, 0.02);
      tone.connect(loud).connect(alarm.sound.destination);
      tone.start(start);
      tone.stop(start + 0.3);
    });
  },
  async wake() {
    if (!alarm.isOn) return;
    alarm.sound ??= new AudioContext();
    alarm.sound.onstatechange = alarm.say;
    alarm.say();
    await alarm.sound.resume();
    alarm.say();
  },
  say() {
    const { off, on, mute } = alarm.button.dataset;
    const heard = alarm.sound?.state === "running";
    alarm.button.textContent = !alarm.isOn ? off : heard ? on : mute;
    alarm.button.setAttribute("aria-pressed", alarm.isOn);
  },
  async press() {
    alarm.isOn = !alarm.isOn;
    localStorage.setItem("veyra.alarm", alarm.isOn ? "on" : "off");
    alarm.say();
    await alarm.wake();
    if (alarm.isOn) alarm.beep(); // so that whoever pressed knows what to listen for
  },
};

alarm.button.addEventListener("click", alarm.press);
document.addEventListener("pointerdown", alarm.wake);
alarm.wake();
