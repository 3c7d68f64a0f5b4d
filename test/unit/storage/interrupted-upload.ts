/** A process of its own that writes half an upload, says so, and waits to be killed. It ends when its parent goes away. */
import { openLocalStorage } from '../../../src/storage/local-storage.ts';
import { fullRights } from '../../support/access-rights.ts';

const [homeDirectory = ''] = process.argv.slice(2);
const storage = await openLocalStorage({ rights: () => fullRights, homeDirectory });
const upload = await storage.openWrite('/old.txt', { kind: 'replace' });
await upload.write(Buffer.alloc(100_000));
process.on('disconnect', () => process.exit(1));
process.send?.('written');
