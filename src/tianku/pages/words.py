"""Closed vocabularies of the data model, as people read them."""

from __future__ import annotations

import re

from tianku.model.text import Text

#: files that follow the first of a product of consecutive files: `science-2`
_LATER = re.compile(r"(\w+)-(\d+)")
_WORDS = {
    # kinds of product sets
    "spectrum": Text(en="spectra", zh="光谱"),
    "image": Text(en="images", zh="图像"),
    "timeseries": Text(en="light curves", zh="光变曲线"),
    "dynamic-spectrum": Text(en="dynamic spectra", zh="动态频谱"),
    "cube": Text(en="cubes", zh="数据立方"),
    "other": Text(en="other files", zh="其他文件"),
    "catalogue": Text(en="catalogues", zh="星表"),
    # wavebands
    "Radio": Text(en="radio", zh="射电"),
    "Millimeter": Text(en="millimetre", zh="毫米波"),
    "Infrared": Text(en="infrared", zh="红外"),
    "Optical": Text(en="optical", zh="光学"),
    "UV": Text(en="UV", zh="紫外"),
    "EUV": Text(en="EUV", zh="极紫外"),
    "X-ray": Text(en="X-ray", zh="X 射线"),
    "Gamma-ray": Text(en="gamma-ray", zh="伽马射线"),
    # how data can be had
    "public": Text(en="public", zh="公开"),
    "granted": Text(en="not public, open to you", zh="未公开，您可访问"),
    "restricted": Text(en="closed to you", zh="未对您开放"),
    "elsewhere": Text(en="kept elsewhere", zh="存于外部"),
    # what became of a row
    "added": Text(en="added", zh="新增"),
    "removed": Text(en="removed", zh="删除"),
    "changed": Text(en="changed", zh="改动"),
    # phases of jobs
    "PENDING": Text(en="not started", zh="未启动"),
    "QUEUED": Text(en="waiting", zh="排队中"),
    "EXECUTING": Text(en="running", zh="运行中"),
    "COMPLETED": Text(en="done", zh="已完成"),
    "ERROR": Text(en="failed", zh="出错"),
    "ABORTED": Text(en="stopped", zh="已中止"),
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
    # what readers noted
    "wcs.none": Text(en="no celestial coordinates: axes are pixels", zh="无天球坐标：坐标轴为像元"),
    "wcs.box": Text(en="not solved: the field is an estimate", zh="未定标：视场为估计值"),
    "wcs.plate": Text(en="coordinates of the plate solution", zh="坐标取自底片定标"),
    "wcs.sidecar": Text(en="coordinates from a separate file", zh="坐标取自单独的文件"),
    "logbook.missing": Text(en="the logbook has no row for it", zh="观测日志中无此条目"),
    "wcs.off_sky": Text(en="no pixel is on the sky", zh="没有像元落在天球上"),
    "wcs.partly_off_sky": Text(en="some pixels are off the sky", zh="部分像元不在天球上"),
    "wcs.tables_ignored": Text(en="distortion tables are left out", zh="未计入畸变查找表"),
    "frame.helioprojective": Text(en="solar (helioprojective) coordinates", zh="太阳（日面投影）坐标"),
    "frame.heliographic": Text(en="solar (heliographic) coordinates", zh="太阳（日面经纬）坐标"),
    "records.gap": Text(en="bytes that belong to no record were left out", zh="已略去不属于任何记录的字节"),
    "records.truncated": Text(en="the last record is incomplete", zh="最后一条记录不完整"),
    "records.bad_sum": Text(en="records with a wrong checksum were left out", zh="已略去校验和不符的记录"),
    "records.bad_time": Text(en="records with a damaged time were left out", zh="已略去时间损坏的记录"),
    "variables.left_out": Text(
        en="variables that are no time series were left out", zh="已略去并非时间序列的变量"
    ),
    "header.damaged": Text(en="the header of the file is damaged", zh="文件头已损坏"),
    "time.from_step": Text(en="times count from the start in equal steps", zh="时间由起点按等间隔推算"),
    "time.inconsistent": Text(en="the times of the file disagree", zh="文件中的时间彼此不符"),
    "time.nights": Text(en="only the nights of observation are known", zh="仅知观测所在夜"),
    "time.barycenter": Text(en="times are at the barycentre of the solar system", zh="时刻为太阳系质心时刻"),
    "time.heliocenter": Text(en="times are at the centre of the Sun", zh="时刻为日心时刻"),
    "wavelength.from_air": Text(en="wavelengths were converted from air to vacuum", zh="波长已由空气换算至真空"),
    "time.missing": Text(en="the file does not say when it was taken", zh="文件未给出观测时间"),
    "time.unreadable": Text(en="the time of observation cannot be read", zh="无法识别观测时间"),
    "time.date_only": Text(en="only the date of observation is known", zh="仅知观测日期"),
    "band.unknown": Text(en="the limits of the filter are not known", zh="滤光片波长范围未知"),
    "companion.missing": Text(en="a companion file is missing", zh="缺少配套文件"),
    "unit.missing": Text(en="the file does not say the unit of pixels", zh="文件未给出像元单位"),
    "unit.unknown": Text(en="the unit of pixels is no VOUnits unit", zh="像元单位不是 VOUnits 单位"),
    "magnitude": Text(en="magnitude", zh="星等"),
    "flux": Text(en="flux", zh="流量"),
    "value": Text(en="value", zh="数值"),
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
    text = value or ""
    found = _WORDS.get(text)
    if found is None and (later := _LATER.fullmatch(text)) and later[1] in _WORDS:
        first = _WORDS[later[1]]
        return Text(en=f"{first.in_('en')}, part {later[2]}", zh=f"{first.in_('zh')}（第 {later[2]} 段）")
    return found or Text(en=text)
