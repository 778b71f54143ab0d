/** Every text of the viewer of dynamic spectra: `key: [English, Chinese]`. */
export const WORDS = {
  loading: ["Loading the dynamic spectrum…", "正在读取动态频谱……"],
  failed: ["The dynamic spectrum could not be shown: {reason}", "无法显示动态频谱：{reason}"],
  retry: ["Try again", "重试"],
  plot: [
    "Dynamic spectrum. Arrow keys move, plus and minus zoom in time, Shift with them in frequency, 0 shows everything.",
    "动态频谱。方向键平移，加减键按时间缩放，配合 Shift 按频率缩放，0 恢复全图。",
  ],
  zoomIn: ["Zoom in", "放大"],
  zoomOut: ["Zoom out", "缩小"],
  reset: ["Show all", "全图"],
  state: ["Polarisation", "偏振"],
  colours: ["Colours", "配色"],
  inferno: ["inferno", "暗红—黄"],
  viridis: ["viridis", "紫—绿—黄"],
  grey: ["grey", "灰度"],
  background: ["Subtract each channel's median", "减去各通道中值"],
  utc: ["UTC", "UTC 时间"],
  frequency: ["Frequency [MHz]", "频率 [MHz]"],
  none: ["no data", "无数据"],
  reduced: [
    "Each cell shows the greatest of {n} times × {m} channels; zoom in for the full resolution.",
    "每格为 {n} 个时间点 × {m} 个通道中的最大值；放大可见全分辨率。",
  ],
  whole: ["Shown at full resolution.", "当前为全分辨率。"],
  hint: [
    "Drag to zoom into a box, Shift-drag to move, scroll to zoom in time (with Shift in frequency), double-click to show everything.",
    "拖动框选放大，按住 Shift 拖动平移，滚轮按时间缩放（配合 Shift 按频率），双击恢复全图。",
  ],
  touchHint: ["Drag to move in time, pinch to zoom, tap for the value.", "拖动沿时间平移，双指缩放，轻触显示数值。"],
  download: ["This view as", "下载当前视图"],
};
