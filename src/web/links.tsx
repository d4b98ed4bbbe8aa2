import { Anchor, type AnchorProps, Button, type ButtonProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, Ref } from 'react';

type Own = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'style' | 'color'> & { ref?: Ref<HTMLAnchorElement> };

/** A link in a text, to a page of ours. */
export const TextLink = createLink((props: AnchorProps & Own) => <Anchor underline="hover" {...props} />);
/** A link that looks like a button. */
export const ButtonLink = createLink((props: ButtonProps & Own) => <Button component="a" {...props} />);
