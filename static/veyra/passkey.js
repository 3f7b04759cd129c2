// What needs a passkey is shown where the browser can have one: over https or on this machine, at a name.
"use strict";

const named = !/^[\d.]+$|:/.test(location.hostname);
if (window.PublicKeyCredential && window.isSecureContext && named) {
  for (const part of document.querySelectorAll("[data-passkey]")) part.hidden = false;
}
