document.getElementById('root')?.append('Amphi: studio');
