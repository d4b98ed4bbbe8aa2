import { Box, Button, Container, Group, Loader, Text } from '@mantine/core';
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { call, queries, Refused, useSession } from './api.ts';
import { speak, useSay } from './words.ts';

const pages = [
  { to: '/board', key: 'nav.board', read: 'board' },
  { to: '/today', key: 'nav.today', read: 'due_list' },
  { to: '/due', key: 'nav.due', read: 'due_list' },
  { to: '/people', key: 'nav.people', read: 'clients' },
  { to: '/sessions', key: 'nav.sessions', read: 'queue' },
  { to: '/phone', key: 'nav.phone', read: 'pull' },
  { to: '/duplicates', key: 'nav.duplicates', read: 'duplicates' },
  { to: '/import', key: 'nav.import', read: 'imports' },
  { to: '/emergency', key: 'nav.emergency', command: 'rights.break_glass' },
  { to: '/desk', key: 'nav.desk', read: 'complaints' },
  { to: '/privacy', key: 'nav.privacy', read: 'data_requests' },
  { to: '/accounts', key: 'nav.accounts', read: 'accounts' },
  { to: '/my', key: 'nav.my', read: 'my_record' },
] as const;

/** Pages for people who have not signed in, or not yet. */
const open = ['/sign-in', '/my', '/complain', '/first-run', '/phone'];

/** What stands around every page: the name, the way about, the language, who is signed in, and the mark of synthetic data. */
export function Frame() {
  const { say, language, name } = useSay();
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const isAtDoor = open.includes(pathname) && !['/my', '/phone'].includes(pathname);
  const { data: session, error } = useSession(!isAtDoor);
  const isSignedOut = error instanceof Refused && error.body.code === 'signed_out';
  useEffect(() => {
    if (isSignedOut && !open.includes(pathname)) void navigate({ to: '/sign-in' });
  }, [isSignedOut, pathname, navigate]);
  // No network, and this phone carries records under a PIN: ask for it.
  const isCut = error instanceof Refused && error.body.code === 'offline';
  useEffect(() => {
    if (isCut && pathname !== '/phone') void navigate({ to: '/phone' });
  }, [isCut, pathname, navigate]);
  const leave = async () => {
    await call('/api/session', { method: 'DELETE' });
    const to = session?.role === 'client' ? '/my' : '/sign-in';
    await navigate({ to });
    // Also on a page that stays: what was shown to whoever signed out is gone, and asked for anew.
    await queries.resetQueries();
  };
  const title = session?.titles.at(-1);
  return (
    <>
      <a className="skip" href="#content">
        {say('nav.skip')}
      </a>
      <header className="top">
        <Container size="xl" py={10}>
          <Group justify="space-between" wrap="wrap" gap="xs">
            <Link to="/board" className="brand">
              知愿<small>Zhiyuan</small>
            </Link>
            {session && !isAtDoor && (
              <nav aria-label={say('nav.main')}>
                <Group gap={2} wrap="nowrap">
                  {pages
                    .filter((page) => ('read' in page ? session.reads.includes(page.read) : session.commands.includes(page.command)))
                    .map((page) => (
                      <Link key={page.to} to={page.to} aria-current={pathname.startsWith(page.to) ? 'page' : undefined}>
                        {say(page.key)}
                      </Link>
                    ))}
                </Group>
              </nav>
            )}
            <Group gap="xs">
              <Button
                size="compact-sm"
                variant="white"
                color="pine"
                lang={language === 'zh' ? 'en' : 'zh-CN'}
                onClick={() => speak(language === 'zh' ? 'en' : 'zh')}
              >
                {language === 'zh' ? 'English' : '中文'}
              </Button>
              {session && !isAtDoor && (
                <>
                  {session.client_id ? (
                    <Text size="sm" c="#e6f2f0" className="roomy">
                      {session.display_name}
                    </Text>
                  ) : (
                    <Link to="/account" className="own">
                      {session.display_name}
                    </Link>
                  )}
                  <Button size="compact-sm" variant="outline" color="gray.2" onClick={leave}>
                    {say('nav.sign_out')}
                  </Button>
                </>
              )}
            </Group>
          </Group>
        </Container>
        {(session?.synthetic ?? isAtDoor) && (
          <div className="synthetic" role="note">
            {title ? name(title) : say('synthetic')}
          </div>
        )}
      </header>
      <Box component="main" id="content" py="lg">
        <Container size="xl">{session || open.includes(pathname) ? <Outlet /> : <Loader aria-label={say('loading')} />}</Container>
      </Box>
    </>
  );
}
