/** Spectral lines, vacuum wavelengths in Angstrom, in the groups that the viewer offers. */
export const LINES = [
  {
    group: "balmer",
    lines: [
      ["Hα", 6564.61],
      ["Hβ", 4862.68],
      ["Hγ", 4341.68],
      ["Hδ", 4102.89],
      ["Hε", 3971.2],
      ["H8", 3890.16],
    ],
  },
  {
    group: "absorption",
    lines: [
      ["Ca K", 3934.77],
      ["Ca H", 3969.59],
      ["G", 4305.61],
      ["Mg b", 5168.76],
      ["Mg b", 5174.13],
      ["Mg b", 5185.05],
      ["Na D", 5891.58],
      ["Na D", 5897.56],
      ["Ca II", 8500.36],
      ["Ca II", 8544.44],
      ["Ca II", 8664.52],
    ],
  },
  {
    group: "nebular",
    lines: [
      ["[O II]", 3727.09],
      ["[O II]", 3729.88],
      ["[O III]", 4960.3],
      ["[O III]", 5008.24],
      ["[N II]", 6549.86],
      ["[N II]", 6585.27],
      ["[S II]", 6718.29],
      ["[S II]", 6732.67],
    ],
  },
  {
    group: "quasar",
    lines: [
      ["Lyα", 1215.67],
      ["N V", 1240.81],
      ["Si IV", 1396.76],
      ["C IV", 1549.06],
      ["C III]", 1908.73],
      ["Mg II", 2796.35],
      ["Mg II", 2803.53],
    ],
  },
];

/** Groups worth showing at first for a class of object. */
export function defaultGroups(kind) {
  const name = (kind ?? "").toUpperCase();
  if (name.startsWith("QSO")) return ["balmer", "nebular", "quasar"];
  if (name.startsWith("GAL")) return ["balmer", "absorption", "nebular"];
  return name.startsWith("STAR") ? ["balmer", "absorption"] : [];
}

/** The lines of the chosen groups, moved to redshift `z`, by wavelength. */
export function shifted(groups, z) {
  return LINES.filter(({ group }) => groups.has(group))
    .flatMap(({ group, lines }) => lines.map(([label, rest]) => ({ group, label, rest, at: rest * (1 + z) })))
    .sort((a, b) => a.at - b.at);
}
