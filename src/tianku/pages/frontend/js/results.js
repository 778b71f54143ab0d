import { startTables } from "./table.js";

startTables();
