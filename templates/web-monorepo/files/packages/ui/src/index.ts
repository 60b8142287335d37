export { StatusCard } from './status-card.tsx';
export type { Status, StatusCardProps } from './status-card.tsx';
