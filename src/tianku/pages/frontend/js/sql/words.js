/** Every text of the SQL page: `key: [English, Chinese]`. */
export const WORDS = {
  editor: ["ADQL query", "ADQL 查询"],
  run: ["Run", "运行"],
  job: ["Start a job", "提交任务"],
  runHint: ["Ctrl-Enter runs the query.", "Ctrl-Enter 运行查询。"],
  examples: ["Examples", "示例"],
  history: ["History", "历史"],
  noHistory: ["Queries that you run are kept here, in this browser only.", "运行过的查询保存在此浏览器中。"],
  clear: ["Clear", "清空"],
  download: ["Download", "下载"],
  format: ["Format", "格式"],
  exampleRows: ["The first ten rows of {table}", "{table} 的前十行"],
  exampleCount: ["How many rows {table} has", "{table} 的行数"],
  exampleCone: ["A cone in {table}", "{table} 中的锥形检索"],
  exampleGroup: ["Tables and their sizes by schema", "各 schema 的表数"],
};
