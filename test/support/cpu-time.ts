/** What work costs, whatever else the machine does: bounds on it hold on a busy machine too. */

/** @returns milliseconds of processor time that this process has used, its threads included */
export function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
