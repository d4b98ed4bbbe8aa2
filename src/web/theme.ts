import { createTheme, type MantineColorsTuple } from '@mantine/core';

const pine: MantineColorsTuple = ['#eaf5f3', '#d3e8e5', '#a6d1cb', '#74b8b0', '#4ba29a', '#2f8f86', '#20776f', '#1b665f', '#174f4c', '#103a38'];
const amber: MantineColorsTuple = ['#fff6e5', '#feeacb', '#fbd399', '#f7ba63', '#f3a537', '#f0981b', '#a85f00', '#8f5100', '#774300', '#5e3400'];

/** Calm, legible, printable: pine for what is ours, amber for what falls short; every text at 4.5 : 1 or more. */
export const theme = createTheme({
  primaryColor: 'pine',
  primaryShade: 7,
  colors: { pine, amber },
  fontFamily: '-apple-system, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "Segoe UI", Roboto, sans-serif',
  fontFamilyMonospace: 'ui-monospace, Consolas, "Noto Sans Mono CJK SC", monospace',
  headings: { fontWeight: '650' },
  defaultRadius: 'md',
  // A table wider than the screen is reached and moved with the keyboard too.
  components: { TableScrollContainer: { defaultProps: { scrollAreaProps: { viewportProps: { tabIndex: 0 } } } } },
});
