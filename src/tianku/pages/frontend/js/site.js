import { startCopy } from "./copy.js";
import { startNav } from "./nav.js";

startNav();
startCopy();
