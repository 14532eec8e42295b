document.getElementById('root')?.append('Amphi: not-found');
