/** The house's floors and the order of its chapters (ARCHITECTURE.md), as rules. */
const chapters = ['registry', 'rights', 'supplies', 'care', 'evaluation', 'exchange'];

const later = chapters.map((chapter, index) => ({
  name: `${chapter}-uses-no-later-chapter`,
  severity: 'error',
  from: { path: `^src/modules/${chapter}/`, pathNot: 'test\\.ts$' },
  to: { path: `^src/modules/(${chapters.slice(index + 1).join('|') || 'none'})/` },
}));

module.exports = {
  forbidden: [
    ...later,
    { name: 'kit-knows-nobody', severity: 'error', from: { path: '^src/kit/', pathNot: 'test\\.ts$' }, to: { path: '^src/', pathNot: '^src/kit/' } },
    {
      name: 'kit-has-only-the-validator',
      severity: 'error',
      from: { path: '^src/kit/', pathNot: 'test\\.ts$' },
      to: { path: 'node_modules', pathNot: 'node_modules/zod' },
    },
    { name: 'platform-knows-no-chapter', severity: 'error', from: { path: '^src/platform/', pathNot: 'test\\.ts$' }, to: { path: '^src/(modules|web|demo)/' } },
    { name: 'web-knows-no-chapter-and-no-server', severity: 'error', from: { path: '^src/web/' }, to: { path: '^src/(modules|platform|demo)/' } },
    {
      name: 'pages-reach-no-server-file',
      severity: 'error',
      from: { path: '^src/modules/[^/]+/ui/' },
      to: { path: '^src/(platform|demo)/|^src/modules/[^/]+/(commands|queries|routes|listener|server-[a-z]+)\\.ts$' },
    },
    { name: 'chapters-reach-no-page', severity: 'error', from: { path: '^src/modules/[^/]+/[^/]+\\.ts$' }, to: { path: '^src/web/|/ui/' } },
    {
      name: 'floors-are-not-imported-from-below',
      severity: 'error',
      from: { path: '^src/(kit|platform|web|modules)/', pathNot: 'test\\.ts$' },
      to: { path: '^src/[^/]+\\.tsx?$' },
    },
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
  ],
  options: { doNotFollow: { path: 'node_modules' }, tsPreCompilationDeps: true, tsConfig: { fileName: 'tsconfig.base.json' } },
};
