// Copies the browser builds of our dependencies to static/vendor/, with their licences.
// `npm ci && npm run build` is all there is to it; static/vendor/ is not under version control.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const vendor = join(here, "..", "static", "vendor");
const files = {
  "livekit-client/dist/livekit-client.umd.js": "livekit-client.umd.js",
  "livekit-client/LICENSE": "livekit-client.LICENSE.txt",
  "wavesurfer.js/dist/wavesurfer.min.js": "wavesurfer.min.js",
  "wavesurfer.js/LICENSE": "wavesurfer.LICENSE.txt",
};

mkdirSync(vendor, { recursive: true });
for (const [from, to] of Object.entries(files)) {
  const text = readFileSync(join(here, "node_modules", from), "utf8");
  // Django's manifest storage refuses a reference to a source map that is not there.
  writeFileSync(join(vendor, to), text.replace(/^\/\/# sourceMappingURL=.*$/m, ""));
}
