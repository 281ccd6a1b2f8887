/** Longest name of a group, UTF-16 units; the host keeps it as long as there are members. */
export const MAX_GROUP_NAME = 1024;

/** Questions that an isolate asks synchronously. */
export const Query = {
  /** group → number of members */
  GROUP_SIZE: 1,
  /** group → session ids */
  GROUP_MEMBERS: 2,
  /** session id → groups */
  GROUPS: 3,
  /** session id → {@linkcode SessionInfo} or null */
  SESSION: 4,
  /** answers when all operations before it have been applied */
  BARRIER: 5,
} as const;

/** Words of the buffer that host and isolate share. */
export const AnswerWord = {
  /** Number of the question that was answered last. */
  ASKED: 0,
  /** Its answer, if that is a number; others come through a port. */
  NUMBER: 1,
  /** Batches that the host has taken. */
  TAKEN: 2,
  /** Where in the batch under way the entry is that was begun last; 0: none was. */
  BEGUN: 3,
  /** Answers that the isolate has taken from the port. */
  READ: 4,
} as const;

/** How many words there are. */
export const ANSWER_WORDS = 5;
