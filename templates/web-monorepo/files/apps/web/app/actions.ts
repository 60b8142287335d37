'use server';

import { revalidatePath } from 'next/cache';
import { addNote } from '../lib/api.ts';

/** Takes the form of the page. The API decides what it accepts. */
export async function saveNote(form: FormData): Promise<void> {
  const text = form.get('text');
  if (typeof text !== 'string') return;
  const outcome = await addNote(text);
  if (!outcome.isOk) throw new Error(outcome.reason);
  revalidatePath('/');
}
