// What this browser keeps in IndexedDB: its keys, none of which can be taken out, and captured pages that wait, sealed.
const DATABASE = 'tallystick';

export type StoreName = 'keys' | 'outbox';

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 2);
    request.onupgradeneeded = () => {
      const database = request.result;
      const stores: StoreName[] = ['keys', 'outbox'];
      for (const name of stores) if (!database.objectStoreNames.contains(name)) database.createObjectStore(name);
    };
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error('the store of this browser could not be opened'));
    };
  });
}

/** One request in a transaction of its own; it is kept, or it throws. */
export async function inStore<T>(name: StoreName, mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await opened();
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(name, mode);
      const request = work(transaction.objectStore(name));
      transaction.oncomplete = () => {
        resolve(request.result);
      };
      transaction.onabort = () => {
        reject(transaction.error ?? new Error('it could not be kept in this browser'));
      };
    });
  } finally {
    database.close();
  }
}
