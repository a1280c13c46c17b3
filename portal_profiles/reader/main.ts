/** The reader for the robot: esbuild makes this one script that sets `TallystickReader` in the page. */

import { classify, locate, locateField, locateRows, nearest, read } from "./read";

Object.defineProperty(globalThis, "TallystickReader", {
  value: Object.freeze({ read, classify, locate, locateField, locateRows, nearest }),
  configurable: true,
});
