// A message of one's own voice: recorded here, it becomes the file of the form.
"use strict";

for (const part of document.querySelectorAll("[data-say]")) {
  const button = part.querySelector("[data-record]");
  const file = part.querySelector('input[type="file"]');
  const heard = part.querySelector("[data-heard]");
  const denied = part.querySelector("[data-denied-here]");
  let recorder = null;

  button.hidden = !(navigator.mediaDevices && window.MediaRecorder);

  function show() {
    const chosen = file.files[0];
    heard.hidden = !chosen;
    if (chosen) heard.querySelector("audio").src = URL.createObjectURL(chosen);
  }

  function keep(pieces, stream) {
    stream.getTracks().forEach((track) => track.stop());
    const type = recorder.mimeType;
    const kept = new DataTransfer();
    kept.items.add(new File(pieces, type.includes("mp4") ? "message.m4a" : "message.webm", { type }));
    file.files = kept.files;
    recorder = null;
    button.textContent = button.dataset.again;
    button.classList.remove("vy-on");
    show();
  }

  async function begin() {
    denied.hidden = true;
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch {
      denied.textContent = button.dataset.denied;
      denied.hidden = false;
      return;
    }
    const pieces = [];
    recorder = new MediaRecorder(stream);
    recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
    recorder.addEventListener("stop", () => keep(pieces, stream));
    recorder.start();
    button.textContent = button.dataset.stop;
    button.classList.add("vy-on");
  }

  button.addEventListener("click", () => (recorder ? recorder.stop() : begin()));
  file.addEventListener("change", show);
}
