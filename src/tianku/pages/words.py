"""Closed vocabularies of the data model, as people read them."""

from __future__ import annotations

from tianku.model.text import Text

_WORDS = {
    # kinds of product sets
    "spectrum": Text(en="spectra", zh="光谱"),
    "image": Text(en="images", zh="图像"),
    "timeseries": Text(en="light curves", zh="光变曲线"),
    "dynamic-spectrum": Text(en="dynamic spectra", zh="动态频谱"),
    "cube": Text(en="cubes", zh="数据立方"),
    "other": Text(en="other files", zh="其他文件"),
    # kinds of parts
    "single": Text(en="single", zh="单次"),
    "coadd": Text(en="combined", zh="合并"),
    "exposure": Text(en="exposure", zh="单次曝光"),
    # bands of spectrographs
    "optical": Text(en="optical", zh="光学"),
    "blue": Text(en="blue", zh="蓝端"),
    "red": Text(en="red", zh="红端"),
    # calibration of fluxes
    "absolute": Text(en="absolute", zh="绝对定标"),
    "relative": Text(en="relative", zh="相对定标"),
    "normalized": Text(en="normalised", zh="归一化"),
    "uncalibrated": Text(en="uncalibrated", zh="未定标"),
    "unknown": Text(en="unknown", zh="未知"),
    # units that are words
    "counts": Text(en="counts", zh="计数"),
    # categories of files
    "science": Text(en="original file", zh="原始文件"),
    "mask": Text(en="mask", zh="掩模"),
    "weight": Text(en="weights", zh="权重"),
    "preview": Text(en="preview", zh="预览"),
    "log": Text(en="log", zh="日志"),
    "vot": Text(en="converted to VOTable", zh="转换为 VOTable"),
    "csv": Text(en="converted to CSV", zh="转换为 CSV"),
    "fits": Text(en="converted to a FITS table", zh="转换为 FITS 表"),
    "png": Text(en="drawing", zh="绘图"),
}


def word(value: str | None) -> Text:
    """Return a word of the data model in both languages; others stay as they are."""
    return _WORDS.get(value or "", Text(en=value or ""))
