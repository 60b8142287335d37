import { render, screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { StatusCard } from '../src/index.ts';

test.each(['up', 'down'] as const)('says in a word that something is %s', (status) => {
  render(<StatusCard title="API" status={status} />);

  const card = screen.getByRole('article', { name: 'API' });
  expect(within(card).getByText(status)).toBeDefined();
});

test('shows what there is to say besides', () => {
  render(
    <StatusCard title="API" status="down">
      <p>It does not answer.</p>
    </StatusCard>,
  );

  expect(screen.getByRole('article', { name: 'API' }).textContent).toContain('It does not answer.');
});
