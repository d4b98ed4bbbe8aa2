import { LineChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent, TooltipComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Figure } from '../figure.ts';

use([LineChart, GridComponent, MarkLineComponent, TooltipComponent, SVGRenderer]);

/** Draws values with their intervals as a band and the target as a dashed line; gives the way to take it down. */
export function draw(box: HTMLElement, series: readonly Figure[], scale: number, target: number | undefined): () => void {
  const chart = init(box, null, { renderer: 'svg' });
  const of = (part: 'value' | 'low' | 'high') =>
    series.map((figure) => (figure[part] === null ? null : Math.round((figure[part] as number) * scale * 100) / 100));
  const [low, high] = [of('low'), of('high')];
  const quiet = { type: 'line', stack: 'interval', symbol: 'none', lineStyle: { opacity: 0 }, silent: true, tooltip: { show: false } };
  chart.setOption({
    animation: false,
    grid: { left: 48, right: 20, top: 16, bottom: 28 },
    // As drawn text: a box of HTML would carry styles, which the page's content policy refuses.
    tooltip: { trigger: 'axis', renderMode: 'richText' },
    xAxis: { type: 'category', data: series.map((figure) => figure.period), axisLabel: { color: '#454d51' } },
    yAxis: { type: 'value', scale: true, axisLabel: { color: '#454d51' } },
    series: [
      { ...quiet, data: low },
      {
        ...quiet,
        data: high.map((top, index) => (top === null || low[index] === null ? null : top - (low[index] as number))),
        areaStyle: { color: '#a6d1cb', opacity: 0.6 },
      },
      {
        type: 'line',
        data: of('value'),
        symbolSize: 6,
        lineStyle: { color: '#1b665f', width: 2 },
        itemStyle: { color: '#103a38' },
        ...(target === undefined
          ? {}
          : {
              markLine: {
                symbol: 'none',
                silent: true,
                data: [{ yAxis: target * scale }],
                lineStyle: { type: 'dashed', color: '#454d51' },
                label: { color: '#454d51' },
              },
            }),
      },
    ],
  });
  const watch = new ResizeObserver(() => chart.resize());
  watch.observe(box);
  return () => {
    watch.disconnect();
    chart.dispose();
  };
}
