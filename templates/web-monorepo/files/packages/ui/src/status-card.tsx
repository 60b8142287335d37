import { useId } from 'react';
import type { ReactNode } from 'react';

export type Status = 'up' | 'down';

export interface StatusCardProps {
  /** What the card is about. */
  title: string;
  status: Status;
  /** More to say, below the title. */
  children?: ReactNode;
}

/** Says in a word and a colour whether something works. */
export function StatusCard({ title, status, children }: StatusCardProps) {
  const titleId = useId();
  return (
    <article className="status-card" aria-labelledby={titleId}>
      <header>
        <h2 id={titleId}>{title}</h2>
        {/* Never the colour alone: not everybody sees it. */}
        <span className={`status-card-badge status-card-badge-${status}`}>{status}</span>
      </header>
      {children}
    </article>
  );
}
