import { Button, Group } from '@mantine/core';
import { type PointerEvent, useRef, useState } from 'react';
import { useSay } from './words.ts';

/** A place to sign with a finger or a mouse; gives the strokes as an SVG path. Who cannot sign consents by word, with a witness. */
export function SignaturePad({ value, change }: { value: string; change: (path: string) => void }) {
  const { say } = useSay();
  const isDown = useRef(false);
  const [box] = useState({ width: 340, height: 130 });
  const point = (event: PointerEvent<SVGSVGElement>) => {
    const at = event.currentTarget.getBoundingClientRect();
    return `${Math.round(((event.clientX - at.left) * box.width) / at.width)},${Math.round(((event.clientY - at.top) * box.height) / at.height)}`;
  };
  return (
    <div>
      <svg
        className="signature"
        viewBox={`0 0 ${box.width} ${box.height}`}
        role="img"
        aria-label={say('consent.sign_here')}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          isDown.current = true;
          change(`${value}M${point(event)}`);
        }}
        onPointerMove={(event) => {
          if (isDown.current && value.length < 39_000) change(`${value}L${point(event)}`);
        }}
        onPointerUp={() => {
          isDown.current = false;
        }}
      >
        <path d={value} fill="none" stroke="#12302e" strokeWidth={2.2} strokeLinecap="round" strokeLinejoin="round" />
      </svg>
      <Group>
        <Button size="compact-sm" variant="subtle" onClick={() => change('')}>
          {say('consent.sign_again')}
        </Button>
      </Group>
    </div>
  );
}
