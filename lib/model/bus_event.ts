/** An event that services send to each other. */
export interface BusEvent {
  type: string;
  /** JSON. */
  data: string;
  /** Milliseconds since 1970. */
  timestamp: number;
  distributed: boolean;
  /** Whether it was sent on this node. */
  localOrigin: boolean;
}
