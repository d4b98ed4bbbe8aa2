import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { Frame } from './web/Frame.tsx';

export interface At {
  place?: string | undefined;
  period?: string | undefined;
  indicator?: string | undefined;
}

const textOf = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? String(value) : undefined);
const at = (search: Record<string, unknown>): At => ({
  place: textOf(search['place']),
  period: textOf(search['period']),
  indicator: textOf(search['indicator']),
});

const root = createRootRoute({ component: Frame });
const page = <P extends string>(path: P, load: Parameters<typeof lazyRouteComponent>[0], name: string) =>
  createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load, name) });

/** All pages on one page. */
const tree = root.addChildren([
  createRoute({
    getParentRoute: () => root,
    path: '/',
    beforeLoad: () => {
      throw redirect({ to: '/board' });
    },
  }),
  page('/sign-in', () => import('./web/SignInPage.tsx'), 'SignInPage'),
  createRoute({
    getParentRoute: () => root,
    path: '/board',
    component: lazyRouteComponent(() => import('./modules/evaluation/ui/BoardPage.tsx'), 'BoardPage'),
    validateSearch: at,
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/indicators/$code',
    component: lazyRouteComponent(() => import('./modules/evaluation/ui/IndicatorPage.tsx'), 'IndicatorPage'),
    validateSearch: at,
  }),
  page('/places/$place', () => import('./modules/registry/ui/PlacePage.tsx'), 'PlacePage'),
  page('/people', () => import('./modules/registry/ui/PeoplePage.tsx'), 'PeoplePage'),
  page('/today', () => import('./modules/care/ui/TodayPage.tsx'), 'TodayPage'),
  page('/due', () => import('./modules/care/ui/DuePage.tsx'), 'DuePage'),
  page('/people/new', () => import('./modules/registry/ui/RegisterPage.tsx'), 'RegisterPage'),
  page('/duplicates', () => import('./modules/registry/ui/DuplicatesPage.tsx'), 'DuplicatesPage'),
  page('/people/$client', () => import('./modules/care/ui/ClientPage.tsx'), 'ClientPage'),
  page('/people/$client/amend', () => import('./modules/registry/ui/AmendPage.tsx'), 'AmendPage'),
  page('/people/$client/visit', () => import('./modules/care/ui/RecordVisitPage.tsx'), 'RecordVisitPage'),
  page('/sessions', () => import('./modules/care/ui/SessionsPage.tsx'), 'SessionsPage'),
  page('/my', () => import('./modules/care/ui/MyRecordPage.tsx'), 'MyRecordPage'),
  page('/complain', () => import('./modules/rights/ui/ComplainPage.tsx'), 'ComplainPage'),
  page('/desk', () => import('./modules/rights/ui/DeskPage.tsx'), 'DeskPage'),
  page('/privacy', () => import('./modules/rights/ui/PrivacyPage.tsx'), 'PrivacyPage'),
  page('/emergency', () => import('./modules/rights/ui/GlassPage.tsx'), 'GlassPage'),
  page('/phone', () => import('./web/PhonePage.tsx'), 'PhonePage'),
  page('/account', () => import('./web/AccountPage.tsx'), 'AccountPage'),
  page('/accounts', () => import('./web/AccountsPage.tsx'), 'AccountsPage'),
  page('/first-run', () => import('./web/FirstRunPage.tsx'), 'FirstRunPage'),
  page('/people/$client/visits/$visit', () => import('./modules/care/ui/RecordVisitPage.tsx'), 'AmendVisitPage'),
  page('/import', () => import('./modules/exchange/ui/ImportPage.tsx'), 'ImportPage'),
]);

export const router = createRouter({ routeTree: tree, defaultPreload: 'intent', scrollRestoration: true });

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
