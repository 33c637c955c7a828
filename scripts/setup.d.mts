/** The checkout's folder. */
export const root: string;
/** What is wrong with this Node, for people; null: nothing. */
export function nodeProblem(version?: string): string | null;
/** Whether node_modules holds what package-lock.json asks for, optional packages aside. */
export function isInstalled(folder?: string): boolean;
/** Installs what is missing; silent when nothing is. Ends the process with a sentence when it can't. */
export function ensureSetUp(): Promise<void>;
